package org.touchstone.tools.cli;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.touchstone.conformance.ExitCode;
import picocli.CommandLine.Mixin;

/** A command of the toolkit. */
abstract class ToolkitCommand implements Callable<Integer> {
  @Mixin private HelpOption help = new HelpOption();

  private @Nullable Streams streams;

  /** Says where to write; called before the command runs. */
  final void connect(Streams target) {
    this.streams = target;
  }

  final Streams streams() {
    if (streams == null) {
      throw new IllegalStateException("the command is not connected");
    }
    return streams;
  }

  @Override
  public final Integer call() throws Exception {
    return execute().code();
  }

  /** Runs the command. */
  abstract ExitCode execute() throws Exception;

  /** Returns whether the user asked for help instead. */
  final boolean helpRequested() {
    return help.requested();
  }
}
