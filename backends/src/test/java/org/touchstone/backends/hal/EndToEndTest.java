package org.touchstone.backends.hal;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.touchstone.api.Buffer;
import org.touchstone.api.Completion;
import org.touchstone.api.Device;
import org.touchstone.api.Evidence;
import org.touchstone.api.Hal;
import org.touchstone.api.HalOptions;
import org.touchstone.api.HostAccess;
import org.touchstone.api.Operator;
import org.touchstone.api.Queue;
import org.touchstone.api.Receipt;
import org.touchstone.api.Selection;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AddArgs;
import org.touchstone.api.op.AddSpec;
import org.touchstone.backends.Backends;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.testing.FakeBackend;

class EndToEndTest {
  @ParameterizedTest
  @EnumSource
  void chooses_plans_and_runs(HostAccess access) {
    AddSpec spec = AddSpec.of(DType.F32);
    Shape shape = Shape.of(3, 7);
    FakeBackend backend = FakeBackend.of("fake", FakeBackend.cpu("fake://0", "fake", access));
    try (Arena arena = Arena.ofConfined();
        Hal hal = Backends.open(HalOptions.DEFAULT, backend);
        Device device = hal.select(Selection.require(spec));
        Buffer a = device.allocate(84);
        Buffer b = device.allocate(84);
        Buffer y = device.allocate(84);
        Queue queue = device.openQueue()) {
      Tensor host = HostTensors.allocate(arena, DType.F32, 3, 7);
      long[] ones = new long[21];
      java.util.Arrays.fill(ones, Float.floatToIntBits(1.5f));
      HostTensors.writeCodes(host, ones);
      AddArgs args =
          new AddArgs(
              Tensor.of(a, DType.F32, shape),
              Tensor.of(b, DType.F32, shape),
              Tensor.of(y, DType.F32, shape));
      queue.copy(host, args.a());
      queue.copy(host, args.b());
      Operator<AddArgs> add = device.prepare(spec);
      Completion done = add.submit(queue, args);
      queue.copy(args.y(), host).join();

      assertThat(HostTensors.doubles(host)).containsOnly(3.0);
      assertThat(done.receipt())
          .usingRecursiveComparison()
          .ignoringFields("deviceTime")
          .isEqualTo(
              new Receipt(
                  "add",
                  "fake",
                  "fake://0",
                  "fake_add_f32",
                  Evidence.HARDWARE,
                  0,
                  java.util.Optional.empty(),
                  List.of()));
    }
  }
}
