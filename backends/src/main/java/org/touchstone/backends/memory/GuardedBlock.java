package org.touchstone.backends.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.backends.spi.DeviceMemory;

/** One allocation: zone, payload, zone. */
final class GuardedBlock implements Comparable<GuardedBlock> {
  /**
   * Content of the zones, repeated: NaN as F32, BF16 and F16 with a payload that no instruction
   * produces, so that a stray NaN is noticed, too.
   */
  private static final byte[] PATTERN = {(byte) 0xD7, (byte) 0xFF, (byte) 0xD3, (byte) 0xFF};

  private final long number;
  private final DeviceMemory whole;
  private final DeviceMemory payload;
  private final long size;
  private final DeviceBytes bytes;

  GuardedBlock(
      long number, DeviceMemory whole, DeviceMemory payload, long size, DeviceBytes bytes) {
    this.number = number;
    this.whole = whole;
    this.payload = payload;
    this.size = size;
    this.bytes = bytes;
  }

  DeviceMemory payload() {
    return payload;
  }

  /** Fills zones and payload. */
  void arm() {
    repair(0);
    bytes.fill(whole, GuardedMemory.ZONE_BYTES, size, GuardedMemory.POISON);
    repair(GuardedMemory.ZONE_BYTES + size);
  }

  private void repair(long offset) {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment zone = arena.allocate(GuardedMemory.ZONE_BYTES);
      for (long i = 0; i < zone.byteSize(); i++) {
        zone.set(ValueLayout.JAVA_BYTE, i, expected(offset + i));
      }
      bytes.write(zone, whole, offset);
    }
  }

  private static byte expected(long offset) {
    return PATTERN[(int) (offset % PATTERN.length)];
  }

  /** Returns one line per damaged zone and repairs it. */
  List<String> violations() {
    List<String> lines = new ArrayList<>();
    violation(0, "before its start").ifPresent(lines::add);
    violation(GuardedMemory.ZONE_BYTES + size, "behind its end").ifPresent(lines::add);
    return lines;
  }

  private Optional<String> violation(long offset, String where) {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment zone = arena.allocate(GuardedMemory.ZONE_BYTES);
      bytes.read(whole, offset, zone);
      long changed = 0;
      long first = -1;
      long last = -1;
      for (long i = 0; i < zone.byteSize(); i++) {
        if (zone.get(ValueLayout.JAVA_BYTE, i) != expected(offset + i)) {
          changed++;
          first = first < 0 ? i : first;
          last = i;
        }
      }
      if (changed == 0) {
        return Optional.empty();
      }
      repair(offset);
      return Optional.of(
          describe(where, changed, first, last, zone.get(ValueLayout.JAVA_BYTE, first)));
    } catch (HalException e) {
      if (e.code() != ErrorCode.DEVICE_LOST) {
        throw e;
      }
      // Whatever lost the device was reported; its memory cannot be looked at any more.
      return Optional.empty();
    }
  }

  private String describe(String where, long changed, long first, long last, byte value) {
    boolean front = where.startsWith("before");
    return "allocation "
        + number
        + " of "
        + size
        + " bytes: "
        + changed
        + " bytes changed "
        + where
        + ", from "
        + (front ? first - GuardedMemory.ZONE_BYTES : size + first)
        + " to "
        + (front ? last - GuardedMemory.ZONE_BYTES : size + last)
        + ", the first is 0x"
        + HexFormat.of().toHexDigits(value);
  }

  /** Frees the payload's view, then the whole. */
  void free() {
    try {
      payload.close();
    } finally {
      whole.close();
    }
  }

  @Override
  public int compareTo(GuardedBlock other) {
    return Long.compare(number, other.number);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof GuardedBlock block && block.number == number;
  }

  @Override
  public int hashCode() {
    return Long.hashCode(number);
  }
}
