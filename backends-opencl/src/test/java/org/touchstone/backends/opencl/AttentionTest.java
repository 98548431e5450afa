package org.touchstone.backends.opencl;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AttentionDecodePagedArgs;
import org.touchstone.api.op.AttentionDecodePagedSpec;

class AttentionTest {
  private static final int PAGE = 64;
  private static final int DIM = 20;
  private static final int KEYS = 200;

  private static double[] numbers(long count, int step) {
    return IntStream.range(0, (int) count).mapToDouble(i -> i * step % 41 / 8.0 - 2.5).toArray();
  }

  private static Tensor attend(DeviceRun run, Tensor q, Tensor k, Tensor v, int pages) {
    Tensor o = run.tensor(DType.F32, new long[] {1, 2, 6, DIM});
    double[] table = IntStream.range(0, pages).mapToDouble(p -> p < 4 ? 3 - p : 1 << 20).toArray();
    run.run(
        AttentionDecodePagedSpec.causal(DType.F32, 6, 2, DIM, PAGE),
        new AttentionDecodePagedArgs(
            q,
            k,
            v,
            run.tensor(DType.I32, new long[] {1, pages}, table),
            run.tensor(DType.I32, new long[] {1}, KEYS),
            null,
            o,
            null));
    return o;
  }

  /** A wider table has more splits, and the pages behind the length do not exist. */
  @ParameterizedTest
  @EnumSource(Variant.class)
  void gives_the_same_bits_whatever_the_width_of_the_table(Variant variant) {
    try (DeviceRun run = new DeviceRun(variant)) {
      Tensor q = run.tensor(DType.F32, new long[] {1, 2, 6, DIM}, numbers(12 * DIM, 17));
      long cached = 4L * PAGE * 2 * DIM;
      Tensor k = run.tensor(DType.F32, new long[] {4, PAGE, 2, DIM}, numbers(cached, 7));
      Tensor v = run.tensor(DType.F32, new long[] {4, PAGE, 2, DIM}, numbers(cached, 23));
      Tensor narrow = attend(run, q, k, v, 4);
      Tensor wide = attend(run, q, k, v, 100);
      assertThat(run.values(narrow)).doesNotContain(Double.NaN);
      assertThat(run.values(narrow)[0]).isNotZero();
      assertThat(run.codes(wide)).isEqualTo(run.codes(narrow));
    }
  }

  /** Alone in its split of the keys, or behind others: a weight of zero times infinity is NaN. */
  @ParameterizedTest
  @EnumSource(Variant.class)
  void an_infinity_makes_nan_of_the_rows_that_see_it_and_of_no_others(Variant variant) {
    for (int keys : new int[] {200, 1025}) {
      int pages = Math.ceilDiv(keys, PAGE);
      double[] q = numbers(12 * DIM, 17);
      double[] k = numbers((long) pages * PAGE * 2 * DIM, 7);
      double[] v = numbers((long) pages * PAGE * 2 * DIM, 23);
      for (int row = 0; row < 12; row++) {
        q[row * DIM] = -1;
      }
      for (int head = 0; head < 2; head++) {
        k[((keys - 1) * 2 + head) * DIM] = Double.POSITIVE_INFINITY;
        v[((keys - 1) * 2 + head) * DIM] = Double.POSITIVE_INFINITY;
      }
      try (DeviceRun run = new DeviceRun(variant)) {
        long[] cache = {pages, PAGE, 2, DIM};
        double[] table = IntStream.range(0, pages).asDoubleStream().toArray();
        Tensor o = run.tensor(DType.F32, new long[] {1, 2, 6, DIM});
        run.run(
            AttentionDecodePagedSpec.causal(DType.F32, 6, 2, DIM, PAGE),
            new AttentionDecodePagedArgs(
                run.tensor(DType.F32, new long[] {1, 2, 6, DIM}, q),
                run.tensor(DType.F32, cache, k),
                run.tensor(DType.F32, cache, v),
                run.tensor(DType.I32, new long[] {1, pages}, table),
                run.tensor(DType.I32, new long[] {1}, keys),
                null,
                o,
                null));
        double[] values = run.values(o);
        for (int i = 0; i < values.length; i++) {
          // The second query alone sees the last key.
          boolean odd = i >= 6 * DIM && i % DIM == 0;
          assertThat(Double.isNaN(values[i])).as("%s keys, element %s", keys, i).isEqualTo(odd);
        }
      }
    }
  }
}
