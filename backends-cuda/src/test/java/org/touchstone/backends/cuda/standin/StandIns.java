package org.touchstone.backends.cuda.standin;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;

/** Builds stand-ins for NVIDIA's libraries and runs {@link StandInProgram} over them. */
final class StandIns {
  private StandIns() {}

  /** Compiles a stand-in into a folder; aborts the test where there is no compiler. */
  static void build(Path folder, String source, String library) throws Exception {
    Path file = Path.of("src", "test", "native", source).toAbsolutePath();
    List<String> command =
        List.of("g++", "-std=c++17", "-O1", "-shared", "-fPIC", "-o", library, file.toString());
    Process compiler;
    try {
      compiler = new ProcessBuilder(command).directory(folder.toFile()).inheritIO().start();
    } catch (IOException e) {
      Assumptions.abort("absent: cxx (apt-get install g++)");
      return;
    }
    assertThat(compiler.waitFor()).as("g++ %s", file).isZero();
  }

  /** Returns the class path of a child. */
  static List<String> classPath() {
    return List.of("-cp", System.getProperty("java.class.path"), StandInProgram.class.getName());
  }

  /** Runs a scenario in a JVM that finds the stand-ins of a folder. */
  static Outcome run(Path folder, String scenario, Path cache, Map<String, String> environment)
      throws Exception {
    List<String> command = new ArrayList<>(classPath());
    command.add(scenario);
    command.add(cache.toString());
    return run(folder, command, environment);
  }

  /** Runs a JVM with these arguments. */
  static Outcome run(Path folder, List<String> arguments, Map<String, String> environment)
      throws Exception {
    Path log = Files.createTempFile(folder, "calls", ".txt");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    builder.environment().put("STANDIN_LOG", log.toString());
    builder.environment().put("LD_LIBRARY_PATH", folder.toString());
    Process child = builder.start();
    List<String> printed = child.inputReader().lines().toList();
    assertThat(child.waitFor()).as("%s", printed).isZero();
    return new Outcome(printed, Files.readAllLines(log));
  }
}
