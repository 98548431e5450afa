package org.touchstone.backends.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.KvCacheWriteArgs;
import org.touchstone.api.op.KvCacheWriteSpec;
import org.touchstone.api.op.KvCacheWriteSpec.Kind;
import org.touchstone.backends.host.HostTensors;

/** Cache writes change the rows of their slots and not a bit elsewhere. */
class KvCacheWriteTest {
  private static final int PAGES = 3;
  private static final int PAGE = 4;
  private static final int KEY = 17;
  private static final int VALUE = 9;

  /** Skips the slots -1, one page too far and Long.MIN_VALUE. */
  private static final long[] SLOTS = {5, -1, 0, PAGES * PAGE, 11, Long.MIN_VALUE, 3};

  /** A NaN whose payload shows whether it was copied or computed. */
  private static final long ODD_NAN = 0x7FA5;

  @ParameterizedTest
  @CsvSource({
    "simd, BF16, BF16", "simd, F32, BF16", "simd, BF16, F32", "simd, F32, F32",
    "reference, BF16, BF16", "reference, F32, BF16", "reference, BF16, F32", "reference, F32, F32"
  })
  void separateCaches(String name, DType input, DType cache) {
    try (Arena arena = Arena.ofShared();
        CpuRun device = name.equals("simd") ? CpuRun.simd(2) : CpuRun.reference()) {
      AttentionData data = new AttentionData(arena, 5);
      Tensor key = data.strided(input, 1, SLOTS.length, 2, KEY);
      Tensor value = data.strided(input, 1, SLOTS.length, 2, VALUE);
      Tensor keyCache = poisoned(data, cache, PAGES, PAGE, 2, KEY);
      Tensor valueCache = poisoned(data, cache, PAGES, PAGE, 2, VALUE);
      long[] expectedKeys = HostTensors.codes(keyCache);
      long[] expectedValues = HostTensors.codes(valueCache);
      scatter(key, cache, expectedKeys, 2 * KEY, 0);
      scatter(value, cache, expectedValues, 2 * VALUE, 0);
      device.launch(
          new KvCacheWriteSpec(Kind.SEPARATE, input, cache, 2, KEY, VALUE, PAGE),
          new KvCacheWriteArgs(key, value, data.integers(DType.I64, SLOTS), keyCache, valueCache));
      assertThat(HostTensors.codes(keyCache)).containsExactly(expectedKeys);
      assertThat(HostTensors.codes(valueCache)).containsExactly(expectedValues);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "simd, BF16, BF16",
    "simd, F32, BF16",
    "reference, BF16, BF16",
    "reference, F32, BF16"
  })
  void latentCache(String name, DType input, DType cache) {
    try (Arena arena = Arena.ofShared();
        CpuRun device = name.equals("simd") ? CpuRun.simd(2) : CpuRun.reference()) {
      AttentionData data = new AttentionData(arena, 6);
      Tensor key = data.normal(input, 1, SLOTS.length, 1, KEY);
      Tensor value = data.normal(input, 1, SLOTS.length, 1, VALUE);
      Tensor keyCache = poisoned(data, cache, PAGES, PAGE, KEY + VALUE);
      long[] expected = HostTensors.codes(keyCache);
      scatter(key, cache, expected, KEY + VALUE, 0);
      scatter(value, cache, expected, KEY + VALUE, KEY);
      device.launch(
          new KvCacheWriteSpec(Kind.LATENT, input, cache, 1, KEY, VALUE, PAGE),
          new KvCacheWriteArgs(key, value, data.integers(DType.I64, SLOTS), keyCache, null));
      assertThat(HostTensors.codes(keyCache)).containsExactly(expected);
    }
  }

  private static Tensor poisoned(AttentionData data, DType type, long... dims) {
    Tensor tensor = data.empty(type, dims);
    long[] codes = new long[(int) tensor.shape().elements()];
    Arrays.fill(codes, type == DType.F32 ? ODD_NAN << 16 | 0xBEEF : ODD_NAN);
    HostTensors.writeCodes(tensor, codes);
    return tensor;
  }

  private static void scatter(Tensor rows, DType type, long[] cache, int width, int column) {
    double[] values = HostTensors.doubles(rows);
    int count = values.length / SLOTS.length;
    for (int t = 0; t < SLOTS.length; t++) {
      if (SLOTS[t] < 0 || SLOTS[t] >= PAGES * PAGE) {
        continue;
      }
      for (int i = 0; i < count; i++) {
        cache[(int) SLOTS[t] * width + column + i] =
            Integer.toUnsignedLong(type.format().encode(values[t * count + i], Saturation.NONSAT));
      }
    }
  }
}
