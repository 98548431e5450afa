package org.touchstone.backends.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.util.function.Consumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.touchstone.api.BackendReport.State;
import org.touchstone.api.Device;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.Hal;
import org.touchstone.api.HalException;
import org.touchstone.api.HalOptions;
import org.touchstone.api.HostAccess;
import org.touchstone.api.Queue;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.Tensor;
import org.touchstone.api.UnsupportedException;
import org.touchstone.api.Verdict;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AddSpec;
import org.touchstone.backends.Backends;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.testing.FakeBackend;

class TemplateTest {
  @Test
  void is_absent_with_the_missing_library() {
    try (Hal hal = Backends.open(HalOptions.DEFAULT, new TemplateProvider())) {
      assertThat(hal.backends())
          .singleElement()
          .satisfies(
              report -> {
                assertThat(report.name()).isEqualTo("template");
                assertThat(report.state()).isEqualTo(State.ABSENT);
                assertThat(report.reason().orElseThrow().code())
                    .isEqualTo(ReasonCode.LOADER_MISSING);
              });
      assertThat(hal.devices()).isEmpty();
    }
  }

  @Test
  void refuses_everything_with_a_type() {
    AddSpec spec = AddSpec.of(DType.F32);
    FakeBackend found =
        FakeBackend.of("template", FakeBackend.cpu("template://0", "template", HostAccess.COPY))
            .opening(
                info -> new TemplateProvider().open(info, Backends.context(HalOptions.DEFAULT)));
    try (Arena arena = Arena.ofConfined();
        Hal hal = Backends.open(HalOptions.DEFAULT, found);
        Device device = hal.device("template://0");
        Queue queue = device.openQueue()) {
      assertThat(device.support(spec))
          .isInstanceOfSatisfying(
              Verdict.No.class,
              no -> assertThat(no.reason().code()).isEqualTo(ReasonCode.OPERATOR));
      assertThatThrownBy(() -> device.prepare(spec)).isInstanceOf(UnsupportedException.class);
      assertRefused(ErrorCode.OUT_OF_MEMORY, () -> device.allocate(84));
      assertRefused(ErrorCode.UNSUPPORTED, () -> device.wrap(arena.allocate(84)));
      Tensor host = HostTensors.allocate(arena, DType.F32, 3, 7);
      Tensor other = HostTensors.allocate(arena, DType.F32, 3, 7);
      queue.copy(host, other).join();
      queue.finish();
    }
  }

  private static void assertRefused(ErrorCode code, ThrowingCallable call) {
    Consumer<HalException> check = e -> assertThat(e.code()).isEqualTo(code);
    assertThatThrownBy(call).isInstanceOfSatisfying(HalException.class, check);
  }
}
