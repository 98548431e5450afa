package org.touchstone.conformance.bench;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Counts how often the operating system took a processor away from a thread of this process. Linux
 * tells; elsewhere the count stays 0.
 */
final class Interruptions {
  private static final Path THREADS = Path.of("/proc/self/task");
  private static final String FIELD = "nonvoluntary_ctxt_switches:";

  private Interruptions() {}

  static long count() {
    if (!Files.isDirectory(THREADS)) {
      return 0;
    }
    long count = 0;
    try (DirectoryStream<Path> threads = Files.newDirectoryStream(THREADS)) {
      for (Path thread : threads) {
        count += of(thread);
      }
    } catch (IOException e) {
      return 0;
    }
    return count;
  }

  private static long of(Path thread) {
    try {
      return Files.readAllLines(thread.resolve("status")).stream()
          .filter(line -> line.startsWith(FIELD))
          .mapToLong(line -> Long.parseLong(line.substring(FIELD.length()).strip()))
          .sum();
    } catch (IOException e) {
      // The thread has ended since the folder was listed.
      return 0;
    }
  }
}
