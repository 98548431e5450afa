package org.touchstone.backends.cuda.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.touchstone.backends.cuda.sim.check.FindingKind;
import org.touchstone.backends.cuda.sim.check.SimulationException;
import org.touchstone.backends.cuda.sim.exec.LaunchConfig;
import org.touchstone.backends.cuda.sim.exec.LaunchReport;
import org.touchstone.backends.cuda.sim.exec.Options;

/** The example of docs/ptx-simulator.md, which has to say what runs here. */
class SimDeviceExampleTest {
  private static final String PTX =
      """
      .version 7.0
      .target sm_80
      .address_size 64
      .visible .entry twice(.param .u64 x)
      {
        .reg .b32 %r<3>;
        .reg .b64 %rd<4>;
        mov.u32 %r1, %tid.x;
        ld.param.u64 %rd1, [x];
        mul.wide.u32 %rd2, %r1, 4;
        add.s64 %rd3, %rd1, %rd2;
        ld.global.u32 %r2, [%rd3];
        add.s32 %r2, %r2, %r2;
        st.global.u32 [%rd3], %r2;
        ret;
      }
      """;

  @Test
  void a_kernel_runs_from_java() {
    SimDevice device = new SimDevice(DeviceProfile.of("sm_89").orElseThrow(), Options.DEFAULT);
    SimModule module = device.load(PTX);
    long x = device.allocate(4 * 32);
    ByteBuffer bytes = ByteBuffer.allocate(4 * 32).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < 32; i++) {
      bytes.putInt(4 * i, i);
    }
    device.write(x, bytes.array(), 0, 4 * 32);
    ParameterBytes parameters = new ParameterBytes(module.kernel("twice")).add(x);
    LaunchReport report =
        device.launch(module.kernel("twice"), LaunchConfig.of(1, 32, 0), parameters.bytes());
    device.read(x, bytes.array(), 0, 4 * 32);

    assertThat(bytes.getInt(4 * 31)).isEqualTo(62);
    assertThat(report.threadInstructions()).isEqualTo(32 * 8);
    assertThatThrownBy(
            () ->
                device.launch(
                    module.kernel("twice"), LaunchConfig.of(1, 33, 0), parameters.bytes()))
        .isInstanceOfSatisfying(
            SimulationException.class,
            e -> assertThat(e.finding().kind()).isEqualTo(FindingKind.OUT_OF_BOUNDS));
  }

  @Test
  void the_page_shows_the_same_lines() throws IOException {
    String page = Files.readString(Path.of("..", "docs", "ptx-simulator.md"));
    assertThat(page)
        .contains("SimModule module = device.load(ptx);")
        .contains("new ParameterBytes(module.kernel(\"twice\")).add(x)")
        .contains("LaunchConfig.of(1, 32, 0)");
  }
}
