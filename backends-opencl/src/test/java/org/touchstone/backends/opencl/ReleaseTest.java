package org.touchstone.backends.opencl;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import org.touchstone.api.Device;
import org.touchstone.api.Hal;
import org.touchstone.api.HalOptions;
import org.touchstone.api.Queue;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AddArgs;
import org.touchstone.api.op.AddSpec;
import org.touchstone.api.op.RopeFreqsSpec;
import org.touchstone.api.op.RopeScaling;
import org.touchstone.backends.Backends;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.opencl.driver.LiveObjects;
import org.touchstone.backends.opencl.driver.LiveObjects.Kind;

/** The driver's objects are counted over the process, so nothing else may run beside this. */
@Isolated
class ReleaseTest {
  @Test
  void nothing_is_left_after_use() {
    Pocl.require();
    assertThat(LiveObjects.counts()).as("before").isEmpty();
    try (Hal hal = Backends.open(HalOptions.DEFAULT, new OpenClProvider());
        Device device = hal.device(Pocl.URI)) {
      assertThat(LiveObjects.counts()).containsEntry(Kind.CONTEXT, 1L);
      device.prepare(new RopeFreqsSpec(64, 1e4, new RopeScaling.None()));
      use(device);
      use(device);
      assertThat(LiveObjects.counts()).doesNotContainKeys(Kind.EVENT, Kind.QUEUE);
    }
    assertThat(LiveObjects.counts()).as("after").isEmpty();
  }

  @Test
  void nothing_is_left_when_the_program_forgets_to_close() {
    Pocl.require();
    assertThat(LiveObjects.counts()).as("before").isEmpty();
    try (Hal hal = Backends.open(HalOptions.DEFAULT, new OpenClProvider())) {
      Device device = hal.device(Pocl.URI);
      Queue queue = device.openQueue();
      try (Arena arena = Arena.ofShared()) {
        Tensor host = HostTensors.allocate(arena, DType.F32, 700_000);
        Tensor tensor = Tensor.of(device.allocate(2_800_000), DType.F32, host.shape());
        for (int i = 0; i < 100; i++) {
          queue.copy(host, tensor);
        }
      }
      assertThat(LiveObjects.counts()).containsKeys(Kind.EVENT, Kind.QUEUE, Kind.MEMORY);
    }
    assertThat(LiveObjects.counts()).as("after").isEmpty();
  }

  private static void use(Device device) {
    try (Arena arena = Arena.ofShared();
        Queue queue = device.openQueue()) {
      Tensor host = HostTensors.allocate(arena, DType.F32, 84_000);
      Tensor x = Tensor.of(device.allocate(336_000), DType.F32, host.shape());
      Tensor y = Tensor.of(device.allocate(336_000), DType.F32, host.shape());
      queue.copy(host, x);
      device.prepare(AddSpec.of(DType.F32)).submit(queue, new AddArgs(x, x, y));
      queue.copy(y, host).join();
      x.buffer().close();
      y.buffer().close();
    }
  }
}
