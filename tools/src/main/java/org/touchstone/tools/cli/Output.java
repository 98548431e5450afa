package org.touchstone.tools.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The option that sends a command's data to a file. */
final class Output {
  /** Writes data. */
  @FunctionalInterface
  interface Writer {
    void write(PrintStream target) throws IOException;
  }

  @Option(
      names = "--output",
      paramLabel = "FILE",
      description = "Write the data to FILE instead of stdout.")
  private Optional<Path> file = Optional.empty();

  /** Writes to the file, or to stdout when none was given. */
  void write(Streams streams, Writer writer) throws IOException {
    if (file.isEmpty()) {
      writer.write(streams.out());
      streams.out().flush();
      return;
    }
    Path target = file.get();
    Path parent = target.toAbsolutePath().getParent();
    if (parent == null || !Files.isDirectory(parent)) {
      throw new UsageException("--output " + target + ": its folder does not exist; create it");
    }
    try (PrintStream stream =
        new PrintStream(Files.newOutputStream(target), false, StandardCharsets.UTF_8)) {
      writer.write(stream);
    }
  }
}
