package org.touchstone.tools.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.ServiceLoader;
import org.touchstone.api.HalException;
import org.touchstone.backends.spi.ToolCommand;
import org.touchstone.conformance.ConformanceException;
import org.touchstone.conformance.ExitCode;
import org.touchstone.tools.model.safetensors.CheckpointException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.IFactory;

/** Dispatches to the commands and turns failures into one message and an exit code. */
public final class TouchstoneCli {
  /** The program itself. */
  @Command(
      name = "touchstone",
      description = "Finds accelerators, proves them and runs models on them.",
      synopsisSubcommandLabel = "COMMAND",
      subcommands = {
        DevicesCommand.class,
        ExplainCommand.class,
        ConformanceCommand.class,
        FuzzCommand.class,
        MergeCommand.class,
        DiffCommand.class,
        BenchCommand.class,
        TuneCommand.class,
        KernelsCommand.class,
        GoldenCommand.class,
        RunCommand.class,
        EnvCommand.class
      },
      exitCodeListHeading = "%nExit codes:%n",
      exitCodeList = {
        "0:success",
        "1:a conformance case failed, or a device computed something wrong",
        "2:usage: an unknown option, device or file, or a model that cannot be run",
        "3:a demanded device is missing, or none can do what was asked",
        "4:more cases were skipped than the budget allows",
        "70:a defect of the program"
      })
  private static final class Root {}

  private final Streams streams;

  private TouchstoneCli(Streams streams) {
    this.streams = streams;
  }

  /**
   * Runs one command.
   *
   * @return the process's exit code
   */
  public static int run(Streams streams, String... args) {
    return new TouchstoneCli(streams).run(args);
  }

  private int run(String... args) {
    PrintWriter err = new PrintWriter(streams.err(), true, StandardCharsets.UTF_8);
    PrintWriter out = new PrintWriter(streams.out(), true, StandardCharsets.UTF_8);
    CommandLine line = new CommandLine(new Root(), factory());
    line.addMixin("help", new HelpOption());
    line.setOut(out)
        .setErr(err)
        .setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF))
        .setUsageHelpWidth(100)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setParameterExceptionHandler((e, a) -> usage(e))
        .setExecutionExceptionHandler((e, commandLine, parsed) -> failure(e));
    if (args.length == 0) {
      backendVerbs(line);
      line.usage(streams.err());
      return ExitCode.USAGE.code();
    }
    if (!line.getSubcommands().containsKey(args[0])) {
      ToolCommand verb =
          backendVerbs(line).stream()
              .filter(command -> command.name().equals(args[0]))
              .findFirst()
              .orElse(null);
      if (verb != null) {
        return run(verb, Arrays.asList(args).subList(1, args.length));
      }
    }
    return line.execute(args);
  }

  private int run(ToolCommand verb, List<String> arguments) {
    try {
      return verb.run(arguments, streams.out(), streams.err());
      // A backend's verb is foreign code.
    } catch (Exception e) {
      return failure(e);
    }
  }

  /** Finds the verbs of the backends; their classes load only when no command of ours is meant. */
  private static List<ToolCommand> backendVerbs(CommandLine line) {
    List<ToolCommand> verbs =
        ServiceLoader.load(ToolCommand.class).stream().map(ServiceLoader.Provider::get).toList();
    for (ToolCommand verb : verbs) {
      CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();
      spec.usageMessage().description(verb.summary());
      line.addSubcommand(verb.name(), spec);
    }
    return verbs;
  }

  private IFactory factory() {
    IFactory plain = CommandLine.defaultFactory();
    return new IFactory() {
      @Override
      public <K> K create(Class<K> type) throws Exception {
        if (ToolkitCommand.class.isAssignableFrom(type)) {
          K command = plain.create(type);
          ((ToolkitCommand) command).connect(streams);
          return command;
        }
        return plain.create(type);
      }
    };
  }

  private int usage(CommandLine.ParameterException e) {
    streams.err().println("touchstone: " + e.getMessage());
    CommandLine.UnmatchedArgumentException.printSuggestions(
        e, new PrintWriter(streams.err(), true, StandardCharsets.UTF_8));
    streams
        .err()
        .println("try '" + e.getCommandLine().getCommandSpec().qualifiedName() + " --help'");
    return ExitCode.USAGE.code();
  }

  private int failure(Exception e) {
    ExitCode exit = exit(e);
    streams.err().println("touchstone: " + e.getMessage());
    if (exit == ExitCode.INTERNAL) {
      e.printStackTrace(streams.err());
    }
    return exit.code();
  }

  private static ExitCode exit(Exception e) {
    return switch (e) {
      case UsageException usage -> ExitCode.USAGE;
      case ConformanceException suite -> suite.exit();
      case CheckpointException checkpoint -> ExitCode.USAGE;
      case HalException hal ->
          switch (hal.code()) {
            case NO_DEVICE, UNKNOWN_DEVICE, UNSUPPORTED -> ExitCode.DEVICE_MISSING;
            case CONFIGURATION, INVALID_SPEC -> ExitCode.USAGE;
            default -> ExitCode.INTERNAL;
          };
      default -> ExitCode.INTERNAL;
    };
  }
}
