package org.touchstone.conformance.expect;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.touchstone.conformance.ConformanceException;
import org.touchstone.conformance.ExitCode;

/**
 * Expectations of one backend: a line each, {@code case glob | unsupported or xfail | reason code |
 * until version | text}. The first line that matches counts; a line that matches no case at all is
 * a failure, so that lists shrink. {@code #} starts a comment; {@code *} and {@code ?} in a glob
 * match any characters, slashes included; {@code -} as version means without an end.
 */
public final class Expectations {
  /** No expectation. */
  public static final Expectations NONE = new Expectations(List.of());

  private static final Pattern CODE = Pattern.compile("[A-Z][A-Z0-9_]*");
  private static final Pattern VERSION = Pattern.compile("-|\\d+(\\.\\d+)*");

  private final List<Line> lines;

  /** What a line expects. */
  public enum Kind {
    /** The device refuses the spec, for good. */
    UNSUPPORTED,
    /** The case fails, for the time being. */
    XFAIL
  }

  /**
   * One line.
   *
   * @param where file and line number
   * @param glob cases
   * @param pattern the glob's regular expression
   * @param kind what they are expected to do
   * @param code stable reason
   * @param until version from which the line no longer counts
   * @param text for people
   */
  public record Line(
      String where,
      String glob,
      Pattern pattern,
      Kind kind,
      String code,
      Optional<String> until,
      String text) {
    /** Returns whether the line is about a case. */
    public boolean matches(String caseName) {
      return pattern.matcher(caseName).matches();
    }

    /** Returns whether the line has ended in a version. */
    public boolean endedIn(String version) {
      return until.isPresent() && compareVersions(version, until.get()) >= 0;
    }

    @Override
    public String toString() {
      return where + ": " + glob + " | " + code + ": " + text;
    }
  }

  private Expectations(List<Line> lines) {
    this.lines = List.copyOf(lines);
  }

  /** Parses lines. */
  public static Expectations parse(String file, List<String> text) {
    List<Line> lines = new ArrayList<>();
    for (int i = 0; i < text.size(); i++) {
      String line = text.get(i).strip();
      if (!line.isEmpty() && !line.startsWith("#")) {
        lines.add(line(file + ":" + (i + 1), line));
      }
    }
    return new Expectations(lines);
  }

  /** Reads a file. */
  public static Expectations read(Path file) {
    try {
      return parse(file.toString(), Files.readAllLines(file));
    } catch (IOException e) {
      throw new ConformanceException(
          ExitCode.USAGE, "cannot read expectations " + file + ": " + e.getMessage());
    }
  }

  /**
   * Reads what a backend's jar says about itself in {@code
   * META-INF/touchstone/<backend>.expectations}; nothing when it has no such resource.
   */
  public static Expectations ofBackend(String backend) {
    String resource = "META-INF/touchstone/" + backend + ".expectations";
    ClassLoader loader = Expectations.class.getClassLoader();
    List<Line> lines = new ArrayList<>();
    try {
      List<URL> urls = loader == null ? List.of() : Collections.list(loader.getResources(resource));
      for (URL url : urls) {
        try (InputStream in = url.openStream();
            BufferedReader reader =
                new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
          lines.addAll(parse(resource, reader.lines().toList()).lines);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + resource, e);
    }
    return new Expectations(lines);
  }

  private static Line line(String where, String line) {
    String[] parts = line.split("\\|", 5);
    for (int i = 0; i < parts.length; i++) {
      parts[i] = parts[i].strip();
    }
    Optional<Kind> kind =
        parts.length < 2
            ? Optional.empty()
            : switch (parts[1]) {
              case "unsupported" -> Optional.of(Kind.UNSUPPORTED);
              case "xfail" -> Optional.of(Kind.XFAIL);
              default -> Optional.empty();
            };
    if (parts.length != 5
        || kind.isEmpty()
        || parts[0].isEmpty()
        || !CODE.matcher(parts[2]).matches()
        || !VERSION.matcher(parts[3]).matches()
        || parts[4].isEmpty()) {
      throw new ConformanceException(
          ExitCode.USAGE,
          where
              + ": '"
              + line
              + "' is not of the form"
              + " case glob | unsupported or xfail | REASON_CODE | until version or - | text");
    }
    return new Line(
        where,
        parts[0],
        pattern(parts[0]),
        kind.get(),
        parts[2],
        parts[3].equals("-") ? Optional.empty() : Optional.of(parts[3]),
        parts[4]);
  }

  private static Pattern pattern(String glob) {
    return Pattern.compile(
        glob.chars()
            .mapToObj(
                c ->
                    switch (c) {
                      case '*' -> ".*";
                      case '?' -> ".";
                      default -> Pattern.quote(Character.toString(c));
                    })
            .collect(Collectors.joining()));
  }

  private static int compareVersions(String left, String right) {
    String[] a = left.replaceAll("[^0-9.].*", "").split("\\.", -1);
    String[] b = right.split("\\.", -1);
    for (int i = 0; i < Math.max(a.length, b.length); i++) {
      int x = i < a.length && !a[i].isEmpty() ? Integer.parseInt(a[i]) : 0;
      int y = i < b.length ? Integer.parseInt(b[i]) : 0;
      if (x != y) {
        return Integer.compare(x, y);
      }
    }
    return 0;
  }

  /** Returns these expectations, then others. */
  public Expectations and(Expectations more) {
    List<Line> all = new ArrayList<>(lines);
    all.addAll(more.lines);
    return new Expectations(all);
  }

  /** Returns the first line about a case. */
  public Optional<Line> of(String caseName) {
    return lines.stream().filter(l -> l.matches(caseName)).findFirst();
  }

  /** Returns the lines that are about none of the given cases, or come after one that is. */
  public List<Line> unused(Collection<String> caseNames) {
    List<Line> unused = new ArrayList<>(lines);
    for (String name : caseNames) {
      of(name).ifPresent(unused::remove);
    }
    return unused;
  }

  /** Returns the lines in order. */
  public List<Line> lines() {
    return lines;
  }
}
