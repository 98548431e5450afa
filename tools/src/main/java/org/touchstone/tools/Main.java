package org.touchstone.tools;

import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.touchstone.tools.cli.Streams;
import org.touchstone.tools.cli.TouchstoneCli;

/** Starts the {@code touchstone} command line. */
public final class Main {
  private Main() {}

  /**
   * Runs one command and ends the process with its exit code.
   *
   * @param args the command and its options
   */
  public static void main(String[] args) {
    PrintStream out = stream(FileDescriptor.out);
    // Whatever a library prints must not end up between the data.
    System.setOut(System.err);
    boolean watched = Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
    int code =
        TouchstoneCli.run(
            new Streams(
                out, System.err, watched ? Streams.Attention.TERMINAL : Streams.Attention.LOG),
            args);
    out.flush();
    System.exit(code);
  }

  private static PrintStream stream(FileDescriptor descriptor) {
    return new PrintStream(new FileOutputStream(descriptor), false, StandardCharsets.UTF_8);
  }
}
