package org.touchstone.backends.spi;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.op.Op;

/**
 * A resource that lists seeded defects of kernels, for a {@link MutantSource} to read. A section
 * begins with a line {@code mutant NAME}; every line is a key and a text. What edits a kernel is
 * the backend's own; the rest is the same for all: {@code what}, {@code ops} (operators or
 * families) and {@code caught} (a {@link Mutant.CaughtBy}).
 */
public final class MutantList {
  private MutantList() {}

  /**
   * A defect's lines.
   *
   * @param lines keys and texts, in their order
   */
  public record Section(List<Line> lines) {
    /** Copies the list. */
    public Section {
      lines = List.copyOf(lines);
    }

    /** Returns the text of a key; of its last line where it has several. */
    public String value(String key) {
      return lines.stream()
          .filter(line -> line.key().equals(key))
          .reduce((first, second) -> second)
          .map(Line::text)
          .orElseThrow(() -> new IllegalStateException("no line '" + key + "' in " + lines));
    }

    /** Returns the text of a key, or another one where there is no such line. */
    public String value(String key, String otherwise) {
      return lines.stream().anyMatch(line -> line.key().equals(key)) ? value(key) : otherwise;
    }

    /** Returns the defect's name. */
    public String name() {
      return value("mutant");
    }

    /** Returns what is wrong. */
    public String what() {
      return value("what");
    }

    /** Returns the operators that run the kernel. */
    public Set<Op> ops() {
      Set<Op> ops = EnumSet.noneOf(Op.class);
      for (String word : value("ops").split(" +", -1)) {
        Set<Op> chosen = Set.copyOf(Op.select(word));
        if (chosen.isEmpty()) {
          throw new IllegalStateException("no operator '" + word + "' for " + name());
        }
        ops.addAll(chosen);
      }
      return ops;
    }

    /** Returns the check that must catch it. */
    public Mutant.CaughtBy caughtBy() {
      return Mutant.CaughtBy.valueOf(value("caught"));
    }
  }

  /**
   * A line.
   *
   * @param key its first word
   * @param text the rest, without spaces around; {@code \n} and {@code \t} are replaced
   */
  public record Line(String key, String text) {
    static Line of(String line) {
      int space = line.indexOf(' ');
      return space < 0
          ? new Line(line, "")
          : new Line(
              line.substring(0, space),
              line.substring(space).strip().replace("\\n", "\n").replace("\\t", "\t"));
    }
  }

  /**
   * Reads a resource and closes it.
   *
   * @param resource what {@code getResourceAsStream} gives, which only a call from the resource's
   *     own module may get
   * @param defect makes a defect of a section
   */
  public static <T> List<T> read(@Nullable InputStream resource, Function<Section, T> defect) {
    try (InputStream stream = resource) {
      if (stream == null) {
        throw new IllegalStateException("the jar lacks its list of seeded defects");
      }
      String text = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
      return parse(text).stream().map(defect).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Reads sections; what stands before the first one is a comment. */
  public static List<Section> parse(String text) {
    List<Section> sections = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (String section : text.split("(?m)^(?=mutant )", -1)) {
      if (!section.startsWith("mutant ")) {
        continue;
      }
      Section read =
          new Section(
              section.lines().map(String::strip).filter(l -> !l.isEmpty()).map(Line::of).toList());
      if (!names.add(read.name())) {
        throw new IllegalStateException("two defects are named " + read.name());
      }
      sections.add(read);
    }
    return List.copyOf(sections);
  }
}
