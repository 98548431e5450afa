package org.touchstone.tools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Programs of the machine that tests need; {@code ./test} installs them. */
public record OutsideProgram(int exit, String out, String err) {
  private static final long MINUTES = 5;

  /** Runs a program to its end. */
  public static OutsideProgram run(Path folder, List<String> command) throws Exception {
    Path out = Files.createTempFile("touchstone", ".out");
    Path err = Files.createTempFile("touchstone", ".err");
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toAbsolutePath().toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    try {
      process.getOutputStream().close();
      assertThat(process.waitFor(MINUTES, TimeUnit.MINUTES)).as("%s ends", command).isTrue();
      return new OutsideProgram(process.exitValue(), read(out), read(err));
    } finally {
      process.destroyForcibly().waitFor();
      Files.delete(out);
      Files.delete(err);
    }
  }

  private static String read(Path file) throws IOException {
    return Files.readString(file, StandardCharsets.UTF_8);
  }

  /**
   * Finds the first program that is there and works.
   *
   * @param name the name in {@code --allow-absent}
   * @param debian the package that has it
   * @param candidates programs with the arguments that they have to accept
   */
  public static String find(String name, String debian, List<List<String>> candidates)
      throws Exception {
    for (List<String> candidate : candidates) {
      Optional<Path> program = onPath(candidate.getFirst());
      if (program.isPresent() && run(Path.of(""), candidate).exit() == 0) {
        return program.get().toString();
      }
    }
    throw absent(name, name + " is not there; install " + debian);
  }

  /**
   * Ends a test that lacks something: it is skipped where {@code ./test} was told that this is
   * absent, and fails elsewhere.
   *
   * @param name the name in {@code --allow-absent}
   * @param what what is missing, and how to get it
   * @return what to throw
   */
  public static AssertionError absent(String name, String what) {
    String declared = System.getenv().getOrDefault("TOUCHSTONE_TEST_ABSENT", "");
    if (Arrays.asList(declared.split(",", -1)).contains(name)) {
      abort("absent: " + name + " (" + what + ")");
    }
    return new AssertionError(what + ", or run ./test --allow-absent " + name);
  }

  private static Optional<Path> onPath(String program) {
    if (program.contains(File.separator)) {
      return Optional.of(Path.of(program)).filter(Files::isExecutable);
    }
    return Arrays.stream(System.getenv("PATH").split(File.pathSeparator, -1))
        .map(folder -> Path.of(folder, program))
        .filter(Files::isExecutable)
        .findFirst();
  }
}
