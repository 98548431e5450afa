package org.touchstone.backends.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;

/**
 * The PTX in the jar. An index names every file with the compute capabilities that it serves; the
 * kernels of a file come in one piece per instruction set that makes a difference to them.
 */
final class PtxSnapshot {
  /** Where the snapshot lies, relative to this class. */
  static final String FOLDER = "ptx/";

  private static final String INDEX = FOLDER + "index.txt";
  private static final List<Entry> ENTRIES = readIndex();

  private PtxSnapshot() {}

  /**
   * A file of the snapshot.
   *
   * @param module name of the source file without its ending
   * @param file name of the PTX file
   * @param from smallest compute capability that runs it
   * @param serves compute capabilities that it was chosen for; later ones take the file with the
   *     highest {@code from} that they can run
   * @param ptxVersion the version that its first line states, 10 · major + minor
   * @param sourceHash SHA-256 of the sources and of the options that it was built from
   */
  record Entry(
      String module,
      String file,
      int from,
      List<Integer> serves,
      int ptxVersion,
      String sourceHash) {}

  /** Returns all files. */
  static List<Entry> entries() {
    return ENTRIES;
  }

  /** Returns the lowest compute capability that every module has PTX for. */
  static int lowestComputeCapability() {
    return ENTRIES.stream().mapToInt(Entry::from).min().orElse(0);
  }

  /** Returns the highest PTX version that a device of a compute capability has to load. */
  static int ptxVersionFor(int computeCapability) {
    return ENTRIES.stream()
        .map(Entry::module)
        .distinct()
        .mapToInt(module -> choose(module, computeCapability).ptxVersion())
        .max()
        .orElse(0);
  }

  /** Chooses the file of a module for a compute capability. */
  static Entry choose(String module, int computeCapability) {
    return ENTRIES.stream()
        .filter(entry -> entry.module().equals(module) && entry.from() <= computeCapability)
        .max(
            Comparator.comparing((Entry entry) -> entry.serves().contains(computeCapability))
                .thenComparingInt(Entry::from))
        .orElseThrow(
            () ->
                new HalException(
                    ErrorCode.INTERNAL,
                    "the jar has no PTX of module '"
                        + module
                        + "' for compute capability "
                        + computeCapability));
  }

  /** Reads a file. */
  static byte[] read(Entry entry) {
    return resource(FOLDER + entry.file());
  }

  private static List<Entry> readIndex() {
    List<Entry> entries = new ArrayList<>();
    for (String line : new String(resource(INDEX), StandardCharsets.UTF_8).lines().toList()) {
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      String[] words = line.strip().split("\\s+", -1);
      entries.add(
          new Entry(
              words[0],
              words[1],
              Integer.parseInt(words[2]),
              java.util.Arrays.stream(words[3].split(",", -1)).map(Integer::valueOf).toList(),
              Integer.parseInt(words[4]),
              words[5]));
    }
    return List.copyOf(entries);
  }

  private static byte[] resource(String name) {
    try (InputStream stream = PtxSnapshot.class.getResourceAsStream(name)) {
      if (stream == null) {
        throw new HalException(
            ErrorCode.INTERNAL,
            "the jar lacks " + name + "; run backends-cuda/src/main/cuda/build-ptx.sh and build");
      }
      return stream.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
