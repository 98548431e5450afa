package org.touchstone.backends.cuda.sim.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests {@code touchstone ptx-sim}. */
class PtxSimCommandTest {
  private static final String PTX =
      """
      .version 7.0
      .target sm_80
      .address_size 64
      .visible .entry iota(.param .u64 p, .param .u32 add)
      {
      .reg .b32 %r<4>; .reg .b64 %rd<4>;
      ld.param.u64 %rd1, [p];
      ld.param.u32 %r1, [add];
      mov.u32 %r2, %tid.x;
      mul.wide.u32 %rd2, %r2, 4;
      add.s64 %rd3, %rd1, %rd2;
      add.s32 %r3, %r1, %r2;
      st.global.u32 [%rd3], %r3;
      ret;
      }
      """;

  @TempDir private Path folder;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private Path file = Path.of("");

  @BeforeEach
  void write() throws IOException {
    file = folder.resolve("kernel.ptx");
    Files.writeString(file, PTX);
  }

  private int run(String... words) {
    List<String> arguments = new ArrayList<>(List.of(file.toString()));
    arguments.addAll(List.of(words));
    return new PtxSimCommand()
        .run(
            arguments,
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8));
  }

  @Test
  void listsKernels() {
    assertThat(run()).isZero();
    assertThat(out.toString(StandardCharsets.UTF_8)).contains("iota(u64, u32)");
  }

  @Test
  void runsAKernelAndWritesItsOutput() throws IOException {
    Path result = folder.resolve("result");
    int code =
        run(
            "--kernel",
            "iota",
            "--block",
            "4",
            "--metrics",
            "--arg",
            "out:16:" + result,
            "--arg",
            "i32:7");
    assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
    assertThat(code).isZero();
    assertThat(Files.readAllBytes(result))
        .containsExactly(7, 0, 0, 0, 8, 0, 0, 0, 9, 0, 0, 0, 10, 0, 0, 0);
    assertThat(out.toString(StandardCharsets.UTF_8)).contains("sectors over ideal 1.000");
  }

  /** As the kernels that ship take them. */
  @Test
  void parametersMayBeDoublesAndStructures() throws IOException {
    Files.writeString(
        file,
        """
        .version 7.0
        .target sm_80
        .address_size 64
        .visible .entry pick(.param .u64 p, .param .f64 x, .param .align 4 .b8 s[8])
        {
        .reg .b32 %r<2>; .reg .b64 %rd<2>; .reg .f64 %fd<2>;
        ld.param.u64 %rd1, [p];
        ld.param.f64 %fd1, [x];
        ld.param.u32 %r1, [s+4];
        st.global.f64 [%rd1], %fd1;
        st.global.u32 [%rd1+8], %r1;
        ret;
        }
        """);
    Path structure = Files.write(folder.resolve("structure"), new byte[] {1, 2, 3, 4, 5, 6, 7, 8});
    Path result = folder.resolve("result");
    int code =
        run(
            "--kernel",
            "pick",
            "--block",
            "1",
            "--arg",
            "out:12:" + result,
            "--arg",
            "f64:-2.5",
            "--arg",
            "struct:" + structure);
    assertThat(err.toString(StandardCharsets.UTF_8)).isEmpty();
    assertThat(code).isZero();
    assertThat(Files.readAllBytes(result)).containsExactly(0, 0, 0, 0, 0, 0, 4, 0xc0, 5, 6, 7, 8);
  }

  @Test
  void aFileThatIsNotThereIsNamed() {
    file = folder.resolve("elsewhere.ptx");
    assertThat(run()).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8)).contains("there is no file " + file);
  }

  @Test
  void findingsGiveOneLineAndExitCodeOne() {
    assertThat(run("--kernel", "iota", "--arg", "zero:16", "--arg", "i32:7")).isEqualTo(1);
    assertThat(err.toString(StandardCharsets.UTF_8))
        .contains("OUT_OF_BOUNDS")
        .contains("lane 4")
        .contains("ptx line 13");
    assertThat(out.toString(StandardCharsets.UTF_8)).isEmpty();
  }

  @Test
  void mistakesOnTheCommandLineGiveExitCodeTwo() {
    assertThat(run("--kernel", "nope")).isEqualTo(2);
    assertThat(run("--kernel", "iota", "--arg", "i32:7")).isEqualTo(2);
    assertThat(run("--grid", "x")).isEqualTo(2);
    assertThat(run("--magic", "x")).isEqualTo(2);
    assertThat(run("--device", "sm_10")).isEqualTo(2);
    assertThat(err.toString(StandardCharsets.UTF_8))
        .contains("iota")
        .contains("--magic")
        .contains("sm_10");
  }
}
