package org.touchstone.backends.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.touchstone.api.HalException;
import org.touchstone.api.HostAccess;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.MemorySource;
import org.touchstone.backends.testing.FakeDevice;
import org.touchstone.backends.testing.FakeMemory;
import org.touchstone.backends.testing.FakeQueue.Execution;

class GuardedMemoryTest {
  static Stream<Arguments> accessAndSize() {
    return Stream.of(HostAccess.values())
        .flatMap(
            access ->
                Stream.of(1L, 2L, 7L, 84L, 4095L, 4096L, 4097L, 8192L, 207_000L, 1_048_577L)
                    .map(size -> Arguments.of(access, size)));
  }

  private static FakeDevice device(HostAccess access) {
    return new FakeDevice(access, Execution.DEFERRED);
  }

  /** Returns the block's bytes with some of its surroundings, as a stray pointer sees them. */
  @SuppressWarnings("restricted")
  private static MemorySegment onDevice(DeviceMemory block, long around) {
    MemorySegment bytes = ((FakeMemory) block.unwrapped()).bytesOnDevice();
    return MemorySegment.ofAddress(bytes.address() - around)
        .reinterpret(bytes.byteSize() + 2 * around);
  }

  @ParameterizedTest
  @MethodSource("accessAndSize")
  void poisons_the_block_and_nothing_else(HostAccess access, long size) {
    GuardedMemory guard = GuardedMemory.around(device(access));
    DeviceMemory block = guard.allocate(size);
    assertThat(block.bytes()).isEqualTo(size);
    byte[] bytes = onDevice(block, 0).toArray(ValueLayout.JAVA_BYTE);
    assertThat(bytes).hasSize((int) size).containsOnly(GuardedMemory.POISON);
    assertThat(onDevice(block, 0).address() % 64).isZero();
    assertThat(block.host().isPresent()).isEqualTo(access == HostAccess.DIRECT);
    assertThat(guard.violations()).isEmpty();
    block.close();
    assertThat(guard.violations()).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("accessAndSize")
  void sees_a_byte_written_at_either_end(HostAccess access, long size) {
    GuardedMemory guard = GuardedMemory.around(device(access));
    DeviceMemory block = guard.allocate(size);
    MemorySegment around = onDevice(block, GuardedMemory.ZONE_BYTES);
    long end = GuardedMemory.ZONE_BYTES + size;

    around.set(ValueLayout.JAVA_BYTE, GuardedMemory.ZONE_BYTES - 1, (byte) 0);
    assertThat(guard.violations())
        .containsExactly(
            "allocation 1 of "
                + size
                + " bytes: 1 bytes changed before its start, from -1 to -1, the first is 0x00");
    around.set(ValueLayout.JAVA_BYTE, end, (byte) 0x2A);
    assertThat(guard.violations())
        .containsExactly(
            "allocation 1 of "
                + size
                + " bytes: 1 bytes changed behind its end, from "
                + size
                + " to "
                + size
                + ", the first is 0x2a");
    around.set(ValueLayout.JAVA_BYTE, 0, (byte) 1);
    around.set(ValueLayout.JAVA_BYTE, around.byteSize() - 1, (byte) 1);
    assertThat(guard.violations()).hasSize(2);
    assertThat(guard.violations()).as("zones are repaired").isEmpty();
    block.close();
  }

  @ParameterizedTest
  @EnumSource
  void remembers_violations_of_freed_blocks(HostAccess access) {
    GuardedMemory guard = GuardedMemory.around(device(access));
    DeviceMemory block = guard.allocate(84);
    DeviceMemory other = guard.allocate(84);
    onDevice(block, 4).set(ValueLayout.JAVA_INT_UNALIGNED, 88, 7);
    block.close();
    assertThat(guard.violations())
        .singleElement()
        .asString()
        .startsWith("allocation 1 of 84 bytes: 4 bytes changed behind its end, from 84 to 87");
    other.close();
    assertThat(guard.violations()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void sees_canonical_not_a_numbers(HostAccess access) {
    GuardedMemory guard = GuardedMemory.around(device(access));
    DeviceMemory block = guard.allocate(84);
    short[] canonical = {(short) 0x7FFF, (short) 0x7FC0, (short) 0xFFFF, (short) 0xFFC0};
    for (short nan : canonical) {
      onDevice(block, 4).set(ValueLayout.JAVA_SHORT_UNALIGNED, 88, nan);
      assertThat(guard.violations()).as("16-bit NaN %x", nan).hasSize(1);
    }
    for (int nan : new int[] {0x7FFFFFFF, 0x7FC00000, 0xFFFFFFFF, 0xFFC00000}) {
      onDevice(block, 4).set(ValueLayout.JAVA_INT_UNALIGNED, 88, nan);
      assertThat(guard.violations()).as("32-bit NaN %x", nan).hasSize(1);
    }
    block.close();
  }

  @ParameterizedTest
  @EnumSource
  void passes_wrapped_memory_on(HostAccess access) {
    GuardedMemory guard = GuardedMemory.around(device(access));
    try (Arena arena = Arena.ofShared()) {
      MemorySegment host = arena.allocate(100).fill((byte) 3);
      DeviceMemory wrapped = guard.wrap(host);
      assertThat(wrapped.host()).contains(host);
      assertThat(host.toArray(ValueLayout.JAVA_BYTE)).containsOnly(3);
      wrapped.close();
    }
    assertThat(guard.violations()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void frees_everything_when_it_cannot_guard(HostAccess access) {
    FakeDevice device = device(access);
    CountingMemory counted = new CountingMemory(new Unsliceable(device.memory()));
    GuardedMemory guard = GuardedMemory.around(device, counted);
    assertThatThrownBy(() -> guard.allocate(84))
        .isInstanceOf(HalException.class)
        .hasMessageContaining("does not slice its memory");
    assertThat(counted.usage().liveBlocks()).isZero();
    assertThat(counted.usage().allocations()).isOne();
  }

  /** Memory of a backend that takes no slices. */
  private record Unsliceable(MemorySource source) implements MemorySource {
    @Override
    public DeviceMemory allocate(long bytes) {
      DeviceMemory memory = source.allocate(bytes);
      return new DeviceMemory() {
        @Override
        public long bytes() {
          return memory.bytes();
        }

        @Override
        public Optional<MemorySegment> host() {
          return Optional.empty();
        }

        @Override
        public void close() {
          memory.close();
        }
      };
    }

    @Override
    public DeviceMemory wrap(MemorySegment host) {
      return source.wrap(host);
    }
  }
}
