package org.touchstone.backends.worker;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.locks.LockSupport;

/** A worker that does what it is told: answer, hang, crash, make noise. */
final class TalkativeWorker {
  private TalkativeWorker() {}

  /** Serves the parent. */
  public static void main(String[] arguments) {
    WorkerChannel.serve(request -> answer(request, arguments));
  }

  @SuppressWarnings("SystemExitOutsideMain")
  private static String answer(String request, String[] arguments) {
    String[] words = request.split(" ", 2);
    String rest = words.length > 1 ? words[1] : "";
    switch (words[0]) {
      case "hang" -> hang();
      case "kill" -> {
        killMyself();
        hang();
      }
      case "exit" -> System.exit(Integer.parseInt(rest));
      case "halt" -> Runtime.getRuntime().halt(Integer.parseInt(rest));
      case "throw" -> throw new IllegalStateException(rest);
      case "print" -> System.out.print(rest);
      case "complain" -> System.err.println(rest);
      case "native" -> writeRaw(rest);
      case "big" -> {
        return rest.repeat(100_000);
      }
      case "multiline" -> {
        return "one\ntwo";
      }
      case "property" -> {
        return String.valueOf(System.getProperty(rest));
      }
      case "variable" -> {
        return String.valueOf(System.getenv(rest));
      }
      case "argument" -> {
        return arguments[Integer.parseInt(rest)];
      }
      case "pid" -> {
        return Long.toString(ProcessHandle.current().pid());
      }
      default -> {
        return "echo " + request;
      }
    }
    return "done";
  }

  private static void hang() {
    while (true) {
      LockSupport.park();
    }
  }

  private static void killMyself() {
    try {
      new ProcessBuilder("kill", "-KILL", Long.toString(ProcessHandle.current().pid())).start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes to the process's stdout as a native library would, behind Java's back. */
  private static void writeRaw(String text) {
    try {
      // Closing it would close the process's stdout.
      new FileOutputStream(FileDescriptor.out).write(text.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
