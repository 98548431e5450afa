package org.touchstone.backends.opencl.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class KernelSourcesTest {
  private static final Pattern INCLUDE = Pattern.compile("#include \"([^\"]+)\"");

  private static List<Path> files() throws IOException, URISyntaxException {
    URI folder =
        Objects.requireNonNull(KernelSources.class.getResource("../kernels/prelude.cl")).toURI();
    try (Stream<Path> files = Files.list(Objects.requireNonNull(Path.of(folder).getParent()))) {
      return files.filter(f -> f.toString().endsWith(".cl")).toList();
    }
  }

  @Test
  void names_every_file_that_no_other_includes() throws IOException, URISyntaxException {
    Set<String> included = new HashSet<>(Set.of("prelude.cl"));
    for (Path file : files()) {
      INCLUDE
          .matcher(Files.readString(file))
          .results()
          .map((MatchResult found) -> found.group(1))
          .forEach(included::add);
    }
    Set<String> roots =
        files().stream()
            .map(file -> String.valueOf(file.getFileName()))
            .filter(name -> !included.contains(name))
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(KernelSources.ALL).containsExactlyElementsOf(roots);
  }

  @Test
  void no_file_is_longer_than_400_lines() throws IOException, URISyntaxException {
    for (Path file : files()) {
      assertThat(Files.readAllLines(file)).as(file.toString()).hasSizeLessThanOrEqualTo(400);
    }
  }

  @Test
  void the_hash_is_one_of_sha_256() {
    assertThat(KernelSources.hash()).matches("[0-9a-f]{64}");
  }
}
