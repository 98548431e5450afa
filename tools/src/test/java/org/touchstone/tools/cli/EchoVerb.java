package org.touchstone.tools.cli;

import java.io.PrintStream;
import java.util.List;
import org.touchstone.backends.spi.ToolCommand;

/** A verb as a backend would add it. */
public final class EchoVerb implements ToolCommand {
  /** Created by the service loader. */
  public EchoVerb() {}

  @Override
  public String name() {
    return "echo-verb";
  }

  @Override
  public String summary() {
    return "Repeats its arguments.";
  }

  @Override
  public int run(List<String> arguments, PrintStream out, PrintStream err) {
    if (arguments.isEmpty()) {
      throw new IllegalStateException("nothing to repeat");
    }
    out.println(String.join("+", arguments));
    return 1;
  }
}
