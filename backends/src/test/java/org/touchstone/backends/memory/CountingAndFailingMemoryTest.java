package org.touchstone.backends.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.api.Buffer;
import org.touchstone.api.Device;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.Hal;
import org.touchstone.api.HalException;
import org.touchstone.api.HalOptions;
import org.touchstone.api.HostAccess;
import org.touchstone.backends.Backends;
import org.touchstone.backends.Instruments;
import org.touchstone.backends.memory.CountingMemory.Usage;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.testing.FakeBackend;
import org.touchstone.backends.testing.FakeMemory;

class CountingAndFailingMemoryTest {
  @Test
  void counts_blocks_bytes_and_peak() {
    CountingMemory memory = new CountingMemory(new FakeMemory.Source(HostAccess.DIRECT));
    DeviceMemory first = memory.allocate(100);
    DeviceMemory second = memory.allocate(30);
    assertThat(memory.usage()).isEqualTo(new Usage(2, 130, 130, 2));
    first.close();
    assertThat(memory.usage()).isEqualTo(new Usage(1, 30, 130, 2));
    DeviceMemory third = memory.allocate(50);
    assertThat(memory.usage()).isEqualTo(new Usage(2, 80, 130, 3));
    memory.wrap(MemorySegment.NULL).close();
    second.close();
    third.close();
    assertThat(memory.usage()).isEqualTo(new Usage(0, 0, 130, 3));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7})
  void fails_exactly_the_chosen_allocation(int nth) {
    List<FailingMemory> failing = new ArrayList<>();
    Instruments instruments =
        Instruments.NONE.memory(
            device -> {
              failing.add(new FailingMemory(device.memory()));
              return failing.getLast();
            });
    try (Hal hal =
            Backends.open(
                HalOptions.DEFAULT,
                FakeBackend.of("fake", FakeBackend.cpu("fake://0", "fake", HostAccess.COPY)));
        Device device = Backends.open(hal, "fake://0", instruments)) {
      FailingMemory memory = failing.getFirst();
      memory.failAt(nth);
      List<Buffer> buffers = new ArrayList<>();
      for (int i = 1; i <= 9; i++) {
        if (i == nth) {
          assertThatThrownBy(() -> device.allocate(84))
              .isInstanceOfSatisfying(
                  HalException.class,
                  e -> {
                    assertThat(e.code()).isEqualTo(ErrorCode.OUT_OF_MEMORY);
                    assertThat(e.device()).contains("fake://0");
                  })
              .hasMessageContaining("allocation number " + nth + " of 84 bytes");
        } else {
          buffers.add(device.allocate(84));
        }
      }
      assertThat(memory.allocations()).isEqualTo(9);
      assertThat(device.memoryUse().buffers()).isEqualTo(8);
      assertThat(device.memoryUse().bytes()).isEqualTo(8 * 84);
      buffers.forEach(Buffer::close);
      assertThat(device.memoryUse().bytes()).isZero();
    }
  }
}
