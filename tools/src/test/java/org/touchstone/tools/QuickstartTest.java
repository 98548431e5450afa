package org.touchstone.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.touchstone.tools.model.ExampleModel;

/** The program that the README shows compiles, runs and is the one in the repository. */
class QuickstartTest {
  private static final Path SOURCE = ExampleModel.repository("examples/quickstart/Quickstart.java");

  @TempDir Path folder;

  @Test
  void runsAsASingleSourceFile() throws IOException, InterruptedException {
    Path out = folder.resolve("out.txt");
    Path err = folder.resolve("err.txt");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + ExampleModel.repository("jvm.args"),
                "-Dtouchstone.backends.exclude=opencl,cuda",
                "--class-path",
                System.getProperty("java.class.path"),
                SOURCE.toString())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();

    assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(Files.readString(err)).isZero();
    assertThat(Files.readString(out)).matches("6\\.0 and 10\\.0 by .+ on cpu://simd\\R");
  }

  @Test
  void isWhatTheReadmeShows() throws IOException {
    String readme = Files.readString(ExampleModel.repository("README.md"));
    String source = Files.readString(SOURCE);
    String body = source.substring(source.indexOf("    GemmSpec spec"), source.indexOf("\n  }\n"));

    assertThat(readme).contains(body.stripIndent());
  }
}
