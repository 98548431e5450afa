package org.touchstone.backends.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.api.Buffer;
import org.touchstone.api.Device;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.Eligibility;
import org.touchstone.api.Evidence;
import org.touchstone.api.Hal;
import org.touchstone.api.HalException;
import org.touchstone.api.HalOptions;
import org.touchstone.api.NoDeviceException;
import org.touchstone.api.Queue;
import org.touchstone.api.Receipt;
import org.touchstone.api.Selection;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AddArgs;
import org.touchstone.api.op.AddSpec;
import org.touchstone.api.op.RmsNormArgs;
import org.touchstone.api.op.RmsNormSpec;
import org.touchstone.api.op.RmsNormVariant;
import org.touchstone.backends.Backends;
import org.touchstone.backends.host.HostTensors;

class CudaSimProviderTest {
  @Test
  void offers_five_devices_to_those_who_name_them() {
    try (Hal hal = Backends.open(HalOptions.DEFAULT, new CudaSimProvider())) {
      assertThat(hal.devices())
          .extracting(DeviceInfo::uri)
          .containsExactlyInAnyOrder(
              "cuda-sim://sm_80",
              "cuda-sim://sm_89",
              "cuda-sim://sm_90",
              "cuda-sim://sm_100",
              "cuda-sim://sm_120");
      assertThat(hal.devices())
          .allSatisfy(
              info -> {
                assertThat(info.evidence()).isEqualTo(Evidence.SIMULATOR);
                assertThat(info.eligibility()).isEqualTo(Eligibility.NAMED_ONLY);
              });
      assertThatThrownBy(() -> hal.select(Selection.require(AddSpec.of(DType.F32))))
          .isInstanceOf(NoDeviceException.class)
          .hasMessageContaining("NAMED_ONLY");
      assertThatThrownBy(() -> hal.device("cuda-sim://sm_75")).isInstanceOf(HalException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"sm_80", "sm_89", "sm_90", "sm_100", "sm_120"})
  void runs_the_ptx_that_ships(String target) {
    try (Hal hal = Backends.open(HalOptions.DEFAULT, new CudaSimProvider());
        Device device = hal.device("cuda-sim://" + target);
        Arena arena = Arena.ofConfined();
        Buffer memory = device.allocate(3 * 4 * 7);
        Queue queue = device.openQueue()) {
      Shape shape = Shape.of(7);
      Tensor a = Tensor.of(memory, DType.F32, shape, 0);
      Tensor b = Tensor.of(memory, DType.F32, shape, 28);
      Tensor y = Tensor.of(memory, DType.F32, shape, 56);
      Tensor host = HostTensors.allocate(arena, DType.F32, 7);
      for (int i = 0; i < 7; i++) {
        host.buffer().host().setAtIndex(java.lang.foreign.ValueLayout.JAVA_FLOAT, i, i + 0.5f);
      }
      queue.copy(host, a);
      queue.copy(host, b);
      Receipt receipt =
          device.prepare(AddSpec.of(DType.F32)).submit(queue, new AddArgs(a, b, y)).receipt();
      queue.copy(y, host).join();
      assertThat(HostTensors.doubles(host)).containsExactly(1, 3, 5, 7, 9, 11, 13);
      assertThat(receipt.evidence()).isEqualTo(Evidence.SIMULATOR);
      assertThat(receipt.kernel()).isEqualTo("add.elements");
    }
  }

  @Test
  void rows_that_share_a_word_of_memory_do_not_race() {
    RmsNormSpec spec =
        new RmsNormSpec(RmsNormVariant.NO_WEIGHT, 33, 1e-6f, DType.BF16, DType.BF16, DType.BF16);
    try (Hal hal = Backends.open(HalOptions.DEFAULT, new CudaSimProvider());
        Device device = hal.device("cuda-sim://sm_89");
        Arena arena = Arena.ofConfined();
        Buffer memory = device.allocate(2 * 5 * 33);
        Queue queue = device.openQueue()) {
      Tensor x = Tensor.of(memory, DType.BF16, Shape.of(5, 33));
      Tensor host = HostTensors.allocate(arena, DType.BF16, 5, 33);
      host.buffer().host().fill((byte) 0x3f);
      queue.copy(host, x);
      device.prepare(spec).submit(queue, new RmsNormArgs(x, null, null, x)).join();
      queue.copy(x, host).join();
      assertThat(HostTensors.doubles(host)).containsOnly(1);
    }
  }
}
