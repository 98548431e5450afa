package org.touchstone.backends.cuda.compiler;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The CUDA sources in the jar, each as one text: what it includes stands where it includes it. */
public final class CudaSource {
  private static final String FOLDER = "/org/touchstone/backends/cuda/source/";
  private static final String COMMON = "common/";
  private static final Pattern INCLUDE = Pattern.compile("#include \"(?:common/)?(.+)\"");

  private CudaSource() {}

  /** Returns the source of a module; none when the jar was built without sources. */
  public static Optional<String> of(String module) {
    StringBuilder out = new StringBuilder();
    return append(module + ".cu", new HashSet<>(), out)
        ? Optional.of(out.toString())
        : Optional.empty();
  }

  private static boolean append(String file, Set<String> seen, StringBuilder out) {
    Optional<String> text = read(file);
    if (text.isEmpty()) {
      return false;
    }
    int number = 0;
    out.append("#line 1 \"").append(file).append("\"\n");
    for (String line : text.get().lines().toList()) {
      number++;
      Matcher include = INCLUDE.matcher(line);
      if (include.matches()) {
        String included = COMMON + include.group(1);
        if (seen.add(included) && !append(included, seen, out)) {
          return false;
        }
        out.append("#line ").append(number + 1).append(" \"").append(file).append("\"\n");
      } else {
        // Everything is there once: the pragma would only earn a warning in a main file.
        out.append(line.equals("#pragma once") ? "" : line).append('\n');
      }
    }
    return true;
  }

  private static Optional<String> read(String file) {
    try (InputStream stream = CudaSource.class.getResourceAsStream(FOLDER + file)) {
      return stream == null
          ? Optional.empty()
          : Optional.of(new String(stream.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
