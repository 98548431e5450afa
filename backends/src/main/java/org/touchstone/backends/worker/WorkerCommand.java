package org.touchstone.backends.worker;

import java.io.File;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.touchstone.backends.spi.WorkerProfile;

/**
 * How a worker process is started: this JVM's java, class path, module path and options, plus what
 * is given here. Immutable.
 *
 * @param main class whose {@code main} calls {@link WorkerChannel#serve}
 * @param arguments arguments of {@code main}
 * @param jvmArguments options of the JVM, after this JVM's own
 * @param environment variables, beside this process's own
 * @param findings patterns of lines that a reply reports
 */
public record WorkerCommand(
    Class<?> main,
    List<String> arguments,
    List<String> jvmArguments,
    Map<String, String> environment,
    List<Pattern> findings) {
  /** Options of this JVM that a child must not share: its role, its agents, a file it writes. */
  private static final List<String> OWN_OPTIONS =
      List.of(
          "--module-path",
          "-Djdk.module.path=",
          "-Djdk.module.main",
          "-Djava.class.path=",
          "-agentlib:",
          "-agentpath:",
          "-javaagent:",
          "-XX:+AutoCreateSharedArchive",
          "-XX:ArchiveClassesAtExit",
          "-XX:StartFlightRecording",
          "-D" + WorkerChannel.TOKEN + "=");

  /** Copies the collections. */
  public WorkerCommand {
    arguments = List.copyOf(arguments);
    jvmArguments = List.copyOf(jvmArguments);
    environment = java.util.Collections.unmodifiableMap(new TreeMap<>(environment));
    findings = List.copyOf(findings);
  }

  /** Starts a class. */
  public static WorkerCommand of(Class<?> main, String... arguments) {
    return new WorkerCommand(main, List.of(arguments), List.of(), Map.of(), List.of());
  }

  /** Returns the profiles of a device. One that has any is used in worker processes only. */
  public static List<WorkerProfile> profiles(String deviceUri) {
    return ServiceLoader.load(WorkerProfile.class, WorkerProfile.class.getClassLoader()).stream()
        .map(ServiceLoader.Provider::get)
        .filter(profile -> profile.appliesTo(deviceUri))
        .toList();
  }

  /** Adds what every registered {@link WorkerProfile} of a device asks for. */
  public WorkerCommand forDevice(String deviceUri) {
    WorkerCommand command = this;
    for (WorkerProfile profile : profiles(deviceUri)) {
      command = command.with(profile);
    }
    return command;
  }

  /** Adds what a profile asks for. */
  public WorkerCommand with(WorkerProfile profile) {
    List<String> options = new ArrayList<>(jvmArguments);
    options.addAll(profile.jvmArguments());
    Map<String, String> variables = new TreeMap<>(environment);
    variables.putAll(profile.environment());
    List<Pattern> patterns = new ArrayList<>(findings);
    patterns.addAll(profile.findings());
    return new WorkerCommand(main, arguments, options, variables, patterns);
  }

  /** Adds options of the JVM. */
  public WorkerCommand withJvmArguments(String... options) {
    List<String> all = new ArrayList<>(jvmArguments);
    all.addAll(List.of(options));
    return new WorkerCommand(main, arguments, all, environment, findings);
  }

  /** Returns the whole command line. */
  List<String> commandLine(String token) {
    List<String> line = new ArrayList<>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(option -> OWN_OPTIONS.stream().noneMatch(option::startsWith))
        .forEach(line::add);
    line.addAll(jvmArguments);
    line.add("-D" + WorkerChannel.TOKEN + "=" + token);
    String modulePath = System.getProperty("jdk.module.path", "");
    String classPath = System.getProperty("java.class.path", "");
    if (!modulePath.isEmpty()) {
      line.add("--module-path=" + absolute(modulePath));
    }
    if (!classPath.isEmpty()) {
      line.add("--class-path=" + absolute(classPath));
    }
    if (main.getModule().isNamed()) {
      line.add("--module=" + main.getModule().getName() + "/" + main.getName());
    } else {
      line.add(main.getName());
    }
    line.addAll(arguments);
    return line;
  }

  private static String absolute(String path) {
    List<String> entries = new ArrayList<>();
    for (String entry : path.split(Pattern.quote(File.pathSeparator), -1)) {
      if (!entry.isEmpty()) {
        entries.add(Path.of(entry).toAbsolutePath().toString());
      }
    }
    return String.join(File.pathSeparator, entries);
  }
}
