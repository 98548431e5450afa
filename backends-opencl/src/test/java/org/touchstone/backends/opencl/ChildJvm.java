package org.touchstone.backends.opencl;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A JVM of its own with the class path of the tests: libraries are loaded once per process. */
final class ChildJvm implements AutoCloseable {
  private final Process process;
  private final Path output;
  private final Path errors;

  private ChildJvm(Process process, Path output, Path errors) {
    this.process = process;
    this.output = output;
    this.errors = errors;
  }

  /** Starts a main class whose output goes to a folder. */
  static ChildJvm start(
      Class<?> main, Path folder, Map<String, String> environment, String... arguments)
      throws IOException {
    Path java =
        Path.of(ProcessHandle.current().info().command().orElseThrow()).resolveSibling("java");
    ProcessBuilder builder =
        new ProcessBuilder(
            java.toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            main.getName());
    builder.command().addAll(List.of(arguments));
    builder.environment().putAll(environment);
    Path output = Files.createTempFile(folder, "output", ".txt");
    Path errors = Files.createTempFile(folder, "errors", ".txt");
    builder.redirectOutput(output.toFile()).redirectError(errors.toFile());
    return new ChildJvm(builder.start(), output, errors);
  }

  /** Waits for its end and returns the lines that it printed. */
  List<String> lines() throws IOException, InterruptedException {
    assertThat(process.waitFor(4, TimeUnit.MINUTES)).as("ends within its time").isTrue();
    assertThat(process.exitValue()).as(Files.readString(errors)).isZero();
    return Files.readAllLines(output);
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
