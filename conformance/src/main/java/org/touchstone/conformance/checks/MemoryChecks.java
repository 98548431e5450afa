package org.touchstone.conformance.checks;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.touchstone.api.Buffer;
import org.touchstone.api.Device;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.Layout;
import org.touchstone.api.Shape;
import org.touchstone.api.Strides;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.checks.Check.Finding;
import org.touchstone.conformance.data.CounterRandom;
import org.touchstone.conformance.run.Item;
import org.touchstone.conformance.run.Lane;

/** Buffers and copies. */
final class MemoryChecks {
  private static final long LARGE = (64L << 20) + 12_345;

  private MemoryChecks() {}

  static List<Item> all() {
    return List.of(
        Check.of("memory", "zero_size", Level.L0, MemoryChecks::zeroSize),
        Check.of("memory", "copy_of_every_dtype", Level.L0, MemoryChecks::everyType),
        Check.of("memory", "copy_strided", Level.L0, MemoryChecks::strided),
        Check.of("memory", "copy_unaligned", Level.L0, MemoryChecks::unaligned),
        Check.of("memory", "copy_large", Level.L0, MemoryChecks::large),
        Check.of("memory", "use_after_close", Level.L0, MemoryChecks::afterClose),
        Check.of("memory", "illegal_sizes", Level.L0, MemoryChecks::illegalSizes),
        Check.of("memory", "out_of_memory", Level.L0, MemoryChecks::outOfMemory),
        Check.of("memory", "accounting", Level.L0, MemoryChecks::accounting));
  }

  private static Finding zeroSize(Lane lane) {
    try (Arena arena = Arena.ofShared();
        Buffer empty = lane.session().device().allocate(0)) {
      Tensor device = Tensor.of(empty, DType.BF16, Shape.of(0, 7));
      Tensor host = HostTensors.allocate(arena, DType.BF16, 0, 7);
      lane.queue().copy(host, device).join();
      lane.queue().copy(device, host).join();
      return empty.bytes() == 0
          ? Finding.NOTHING
          : Finding.of(List.of("a buffer of 0 bytes says it has " + empty.bytes()));
    }
  }

  private static Tensor random(Arena arena, DType type, String stream, long... dims) {
    Tensor tensor = HostTensors.allocate(arena, type, dims);
    CounterRandom random = CounterRandom.of("memory", stream);
    long[] codes = new long[Math.toIntExact(tensor.shape().elements())];
    for (int i = 0; i < codes.length; i++) {
      codes[i] = random.bits(i) >>> (64 - type.bits());
    }
    HostTensors.writeCodes(tensor, codes);
    return tensor;
  }

  private static Finding everyType(Lane lane) {
    List<String> mistakes = new ArrayList<>();
    for (DType type : DType.values()) {
      try (Arena arena = Arena.ofShared()) {
        Tensor host = random(arena, type, type.name(), 5, 31);
        try (Buffer buffer = lane.session().device().allocate(host.storageBytes())) {
          Tensor device = Tensor.of(buffer, type, host.shape());
          Tensor back = HostTensors.allocate(arena, type, 5, 31);
          lane.queue().copy(host, device).join();
          lane.queue().copy(device, back).join();
          compare(type.name(), host, back, mistakes);
        }
      }
    }
    return Finding.of(mistakes);
  }

  private static void compare(String what, Tensor expected, Tensor actual, List<String> mistakes) {
    int at = java.util.Arrays.mismatch(HostTensors.codes(expected), HostTensors.codes(actual));
    if (at >= 0) {
      mistakes.add(what + ": element " + at + " was not copied");
    }
  }

  /** Host to gapped rows, gapped rows to a transposed order of planes, back to the host. */
  private static Finding strided(Lane lane) {
    List<String> mistakes = new ArrayList<>();
    try (Arena arena = Arena.ofShared();
        Buffer gapped = lane.session().device().allocate(4 * 4096);
        Buffer swapped = lane.session().device().allocate(4 * 4096)) {
      Shape shape = Shape.of(3, 5, 7);
      Tensor host = random(arena, DType.F32, "strided", 3, 5, 7);
      Tensor rows = Tensor.of(gapped, DType.F32, shape, Strides.of(5 * 13, 13, 1), 4, Layout.PLAIN);
      Tensor planes =
          Tensor.of(swapped, DType.F32, shape, Strides.of(9, 3 * 9, 1), 8, Layout.PLAIN);
      Tensor back = HostTensors.allocate(arena, DType.F32, 3, 5, 7);
      lane.queue().copy(host, rows).join();
      lane.queue().copy(rows, planes).join();
      lane.queue().copy(planes, back).join();
      compare("host, gapped rows, swapped planes, host", host, back, mistakes);

      Tensor middle = HostTensors.allocate(arena, DType.F32, 3, 2, 4);
      Tensor part = rows.slice(1, 2, 4).slice(2, 3, 7);
      lane.queue().copy(part, middle).join();
      Tensor expected = host.slice(1, 2, 4).slice(2, 3, 7);
      compare("a slice", expected, middle, mistakes);
    }
    return Finding.of(mistakes);
  }

  private static Finding unaligned(Lane lane) {
    List<String> mistakes = new ArrayList<>();
    try (Arena arena = Arena.ofShared();
        Buffer buffer = lane.session().device().allocate(1024)) {
      for (int offset = 1; offset < 20; offset += 3) {
        for (int length : new int[] {1, 2, 3, 7, 63, 65, 129}) {
          Tensor host = random(arena, DType.U8, offset + "," + length, length);
          Tensor device = Tensor.of(buffer, DType.U8, host.shape(), offset);
          Tensor back = HostTensors.allocate(arena, DType.U8, length);
          lane.queue().copy(host, device).join();
          lane.queue().copy(device, back).join();
          compare(length + " bytes at offset " + offset, host, back, mistakes);
        }
      }
    }
    return Finding.of(mistakes);
  }

  private static Finding large(Lane lane) {
    try (Arena arena = Arena.ofShared();
        Buffer buffer = lane.session().device().allocate(LARGE)) {
      Tensor host = HostTensors.allocate(arena, DType.U8, LARGE);
      CounterRandom random = CounterRandom.of("memory", "large");
      for (long i = 0; i + 8 <= LARGE; i += 8) {
        host.buffer()
            .host()
            .set(java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED, i, random.bits(i));
      }
      Tensor device = Tensor.of(buffer, DType.U8, Shape.of(LARGE));
      Tensor back = HostTensors.allocate(arena, DType.U8, LARGE);
      lane.queue().copy(host, device).join();
      lane.queue().copy(device, back).join();
      long at = host.buffer().host().mismatch(back.buffer().host());
      return at < 0 ? Finding.NOTHING : Finding.of(List.of("byte " + at + " was not copied"));
    }
  }

  private static Finding afterClose(Lane lane) {
    List<String> mistakes = new ArrayList<>();
    try (Arena arena = Arena.ofShared()) {
      Buffer buffer = lane.session().device().allocate(64);
      Tensor device = Tensor.of(buffer, DType.F32, Shape.of(16));
      Tensor host = HostTensors.allocate(arena, DType.F32, 16);
      buffer.close();
      buffer.close();
      expect(
          ErrorCode.CLOSED,
          "a copy out of a closed buffer",
          () -> lane.queue().copy(device, host).join(),
          mistakes);
      expect(
          ErrorCode.CLOSED,
          "a copy into a closed buffer",
          () -> lane.queue().copy(host, device).join(),
          mistakes);
    }
    return Finding.of(mistakes);
  }

  private static Finding illegalSizes(Lane lane) {
    List<String> mistakes = new ArrayList<>();
    Device device = lane.session().device();
    expect(ErrorCode.NEGATIVE_SIZE, "allocate(-1)", () -> device.allocate(-1).close(), mistakes);
    try (Arena arena = Arena.ofShared();
        Buffer buffer = device.allocate(64)) {
      Tensor sixteen = Tensor.of(buffer, DType.F32, Shape.of(16));
      Tensor other = HostTensors.allocate(arena, DType.F32, 15);
      Tensor ints = HostTensors.allocate(arena, DType.I32, 16);
      expect(
          ErrorCode.SHAPE,
          "a copy of another shape",
          () -> lane.queue().copy(other, sixteen).join(),
          mistakes);
      expect(
          ErrorCode.DTYPE,
          "a copy of another dtype",
          () -> lane.queue().copy(ints, sixteen).join(),
          mistakes);
    }
    return Finding.of(mistakes);
  }

  /** More than any machine has is refused as such, and the device goes on. */
  private static Finding outOfMemory(Lane lane) {
    List<String> mistakes = new ArrayList<>();
    Device device = lane.session().device();
    for (long bytes : new long[] {1L << 50, 1L << 60}) {
      expect(
          ErrorCode.OUT_OF_MEMORY,
          "allocate(" + bytes + ")",
          () -> device.allocate(bytes).close(),
          mistakes);
    }
    try (Arena arena = Arena.ofShared();
        Buffer buffer = device.allocate(64)) {
      Tensor sixteen = Tensor.of(buffer, DType.F32, Shape.of(16));
      Tensor host = random(arena, DType.F32, "after", 16);
      Tensor back = HostTensors.allocate(arena, DType.F32, 16);
      lane.queue().copy(host, sixteen).join();
      lane.queue().copy(sixteen, back).join();
      compare("a copy afterwards", host, back, mistakes);
    }
    return Finding.of(mistakes);
  }

  private static Finding accounting(Lane lane) {
    List<String> mistakes = new ArrayList<>();
    try (var other = lane.session().reopen()) {
      Device device = other.device();
      try (Buffer one = device.allocate(1000);
          Buffer two = device.allocate(24)) {
        if (device.memoryUse().buffers() != 2
            || device.memoryUse().bytes() != one.bytes() + two.bytes()) {
          mistakes.add("with two open buffers of 1024 bytes: " + device.memoryUse());
        }
      }
      if (device.memoryUse().buffers() != 0 || device.memoryUse().bytes() != 0) {
        mistakes.add("after closing them: " + device.memoryUse());
      }
    }
    return Finding.of(mistakes);
  }

  /** Runs something that must fail with a code. */
  static void expect(ErrorCode code, String what, Runnable action, List<String> mistakes) {
    try {
      action.run();
      mistakes.add(what + " was accepted, expected " + code);
    } catch (HalException e) {
      if (e.code() != code) {
        mistakes.add(what + " gave " + e.code() + ", expected " + code + ": " + e.getMessage());
      }
    }
  }
}
