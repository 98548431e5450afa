package org.touchstone.tools;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The command of a JVM like this one. */
public final class ChildJvm {
  /** For processes that end after seconds, which an optimising compiler would take most of. */
  public static final String BRIEF = "-XX:TieredStopAtLevel=1";

  private ChildJvm() {}

  /** Returns the program and the arguments that every JVM of the toolkit has. */
  public static List<String> command(String... options) throws IOException {
    Path java =
        Path.of(ProcessHandle.current().info().command().orElseThrow()).resolveSibling("java");
    List<String> command =
        new ArrayList<>(List.of(java.toString(), "@" + Path.of("..", "jvm.args").toRealPath()));
    command.addAll(List.of(options));
    return command;
  }
}
