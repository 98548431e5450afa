package org.touchstone.backends.opencl.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.CopyRows;
import org.touchstone.backends.spi.DeviceMemory;

/** Arithmetic that stands in for what a device does not round correctly. */
class PreludeTest {
  private static final long SEED = 84;
  private static final int COUNT = 20_000;
  private static final int[] SPECIAL = {
    0,
    1,
    2,
    0x007FFFFF,
    0x00800000,
    0x00800001,
    0x3F800000,
    0x3F800001,
    0x40400000,
    0x7F7FFFFF,
    0x7F800000,
    0x7FC00000,
    0x80000000,
    0x80000001,
    0xBF800000,
    0xFF7FFFFF,
    0xFF800000
  };

  @ParameterizedTest
  @ValueSource(strings = {"", "-DSOFTWARE_DIVISION=1"})
  void division_is_correctly_rounded(String option) {
    MemorySegment in = numbers();
    MemorySegment out = run(in, option);
    for (int i = 0; i < COUNT; i++) {
      float a = in.getAtIndex(ValueLayout.JAVA_FLOAT, 2L * i);
      float b = in.getAtIndex(ValueLayout.JAVA_FLOAT, 2L * i + 1);
      assertThat(Float.floatToIntBits(out.getAtIndex(ValueLayout.JAVA_FLOAT, 2L * i)))
          .as("%s / %s, seed %d", a, b, SEED)
          .isEqualTo(Float.floatToIntBits(a / b));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-DSOFTWARE_DIVISION=1"})
  void root_errs_by_one_unit_at_most(String option) {
    MemorySegment in = numbers();
    MemorySegment out = run(in, option);
    for (int i = 0; i < COUNT; i++) {
      float a = in.getAtIndex(ValueLayout.JAVA_FLOAT, 2L * i);
      float exact = (float) Math.sqrt(a);
      float root = out.getAtIndex(ValueLayout.JAVA_FLOAT, 2L * i + 1);
      if (Float.isNaN(exact) || Float.isInfinite(exact)) {
        assertThat(Float.floatToIntBits(root))
            .as("root of %s", a)
            .isEqualTo(Float.floatToIntBits(exact));
      } else {
        assertThat(Math.abs(root - exact)).as("root of %s", a).isLessThanOrEqualTo(Math.ulp(exact));
      }
    }
  }

  private static MemorySegment numbers() {
    MemorySegment in = Arena.ofAuto().allocate(8L * COUNT, 8);
    Random random = new Random(SEED);
    for (int i = 0; i < COUNT; i++) {
      boolean special = i < SPECIAL.length * SPECIAL.length;
      int a = special ? SPECIAL[i / SPECIAL.length] : random.nextInt();
      // Close exponents, so that most quotients are numbers.
      int b =
          special
              ? SPECIAL[i % SPECIAL.length]
              : (a & 0x7F800000) + (random.nextInt() >> 7) ^ random.nextInt() << 31;
      in.setAtIndex(ValueLayout.JAVA_INT, 2L * i, a);
      in.setAtIndex(ValueLayout.JAVA_INT, 2L * i + 1, b);
    }
    return in;
  }

  private static MemorySegment run(MemorySegment in, String option) {
    String[] options = option.isEmpty() ? new String[0] : new String[] {option};
    MemorySegment out = Arena.ofAuto().allocate(in.byteSize(), 8);
    try (OpenDevice device = new OpenDevice();
        OpenClKernel kernel =
            device
                .context
                .programs()
                .kernelAfterPrelude(
                    "__kernel void f(in_t in, ulong in_at, out_t out, ulong out_at) {"
                        + " float2 x = vload2(get_global_id(0), (__global const float *)in);"
                        + " float2 y = (float2)(divide(x.s0, x.s1), root(x.s0));"
                        + " vstore2(y, get_global_id(0), (__global float *)out); }",
                    "test.cl",
                    "f",
                    options);
        BackendQueue queue = device.context.openQueue();
        DeviceMemory from = device.context.memory().allocate(in.byteSize());
        DeviceMemory to = device.context.memory().allocate(in.byteSize())) {
      long bytes = in.byteSize();
      queue.copy(
          new CopyRows(
              new CopyRows.End(null, in, 0, bytes),
              new CopyRows.End(from, null, 0, bytes),
              bytes,
              1));
      kernel.launch().memory(from, 0).memory(to, 0).run(queue, COUNT, 1);
      queue.copy(
          new CopyRows(
              new CopyRows.End(to, null, 0, bytes),
              new CopyRows.End(null, out, 0, bytes),
              bytes,
              1));
      queue.record().await();
    }
    return out;
  }
}
