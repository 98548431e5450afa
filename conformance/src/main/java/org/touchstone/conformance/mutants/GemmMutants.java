package org.touchstone.conformance.mutants;

import java.util.EnumSet;
import java.util.Set;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.FloatFormat;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.GemmSpec;
import org.touchstone.api.op.Op;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.spi.Mutant.CaughtBy;

/** Defects of matrix products. */
final class GemmMutants {
  private static final Set<Op> DENSE =
      EnumSet.of(
          Op.GEMM_FP32, Op.GEMM_BF16, Op.GEMM_FP8_TENSOR, Op.GEMM_FP8_CHANNEL, Op.GEMM_FP8_BLOCK);
  private static final int FP8_MAGNITUDE = 0x7F;
  // 240 is the largest value of E4M3FNUZ; in E4M3FN it is this code.
  private static final int CODE_OF_240 = 0x77;
  private static final long MOST_PRODUCTS = 1 << 22;

  private GemmMutants() {}

  static void addTo(Seeds seeds) {
    for (Op op : DENSE) {
      String suffix = "-" + op.opName().replace('_', '-');
      seeds.value(
          "drop-last-k" + suffix,
          op,
          "drops the last product of every sum",
          Edits.input("a", dropLastColumn()));
      seeds.value(
          "truncate" + suffix,
          op,
          "truncates a BF16 output instead of rounding it",
          GemmMutants::truncate);
    }
    for (Op op : EnumSet.of(Op.GEMM_FP8_TENSOR, Op.GEMM_FP8_CHANNEL, Op.GEMM_FP8_BLOCK)) {
      String suffix = "-" + op.opName().replace('_', '-');
      seeds.value(
          "clamp-240" + suffix,
          op,
          "takes E4M3FN for a format that ends at 240",
          Edits.input("a", (i, all) -> clamp240(all[i])));
      seeds.value(
          "flush-subnormals" + suffix,
          op,
          "flushes subnormal operands without declaring it",
          flushing(FloatFormat.E4M3FN));
    }
    seeds.value(
        "neighbouring-scale-a",
        Op.GEMM_FP8_BLOCK,
        "uses the scale of the next row of A",
        Edits.rolledInput("scaleA", 0));
    seeds.value(
        "stale-scale-k",
        Op.GEMM_FP8_BLOCK,
        "uses the scale of the next block along K",
        Edits.rolledInput("scaleB", -1));
    seeds.value(
        "neighbouring-scale-b",
        Op.GEMM_FP8_CHANNEL,
        "uses the scale of the next column",
        Edits.rolledInput("scaleB", 0));
    seeds.value(
        "scale-once",
        Op.GEMM_FP8_TENSOR,
        "forgets the scale of A",
        shot -> {
          Tensor one = shot.copy("scaleA");
          Edits.values(one, x -> 1);
          shot.replace("scaleA", one);
          shot.run();
        });
    seeds.value(
        "bf16-accumulate",
        Op.GEMM_BF16,
        "rounds every partial sum to BF16",
        GemmMutants::bf16Accumulate);
    seeds.value(
        "bias-dropped",
        Op.GEMM_BF16,
        "does not add the bias",
        shot -> {
          if (shot.has("bias")) {
            Tensor zero = shot.copy("bias");
            Edits.values(zero, x -> 0);
            shot.replace("bias", zero);
          }
          shot.run();
        });
    seeds.value(
        "overwrites-c",
        Op.GEMM_FP32,
        "overwrites C where the product is to be added",
        GemmMutants::overwriteC);
    seeds.value(
        "swapped-experts",
        Op.GEMM_GROUPED,
        "multiplies by the weight of the next expert",
        shot -> {
          Edits.rolledInput("b", 0).spoil(shot);
        });
    seeds.value(
        "drop-last-k-gemm-grouped",
        Op.GEMM_GROUPED,
        "drops the last product of every sum",
        Edits.input("a", dropLastColumn()));
    seeds.add(
        "batch-dependent",
        EnumSet.of(Op.GEMM_FP32),
        CaughtBy.DETERMINISM,
        "adds in another order when there is one row only",
        GemmMutants::batchDependent);
  }

  private static Edits.Recode dropLastColumn() {
    return (i, all) -> i == all.length - 1 ? 0 : all[i];
  }

  private static long clamp240(long code) {
    long magnitude = code & FP8_MAGNITUDE;
    return magnitude > CODE_OF_240 && magnitude != FP8_MAGNITUDE
        ? (code & ~(long) FP8_MAGNITUDE) | CODE_OF_240
        : code;
  }

  private static Defect flushing(FloatFormat format) {
    var flush = Edits.flush(format);
    return shot -> {
      for (String slot : new String[] {"a", "b"}) {
        if (!shot.tensor(slot).layout().plain()) {
          continue;
        }
        Tensor copy = shot.copy(slot);
        Edits.recode(copy, (i, all) -> flush.applyAsLong(all[i]));
        shot.replace(slot, copy);
      }
      shot.run();
    };
  }

  /** Computes the output in FP32 and cuts it off. */
  private static void truncate(Shot shot) {
    GemmSpec spec = (GemmSpec) shot.spec();
    if (spec.output() != DType.BF16) {
      shot.run();
      return;
    }
    Tensor c = shot.tensor("c");
    Tensor wide = shot.scratch(DType.F32, c.shape());
    shot.replaceSpec(
        new GemmSpec(
            spec.operands(),
            spec.n(),
            spec.k(),
            DType.F32,
            spec.bias(),
            spec.accumulation(),
            spec.weightLayout(),
            spec.numerics()));
    shot.replace("c", wide);
    shot.run();
    double[] values = HostTensors.doubles(wide);
    for (int i = 0; i < values.length; i++) {
      values[i] = Edits.truncate(FloatFormat.BF16, values[i]);
    }
    HostTensors.write(c, values, Saturation.NONSAT);
  }

  private static void bf16Accumulate(Shot shot) {
    GemmSpec spec = (GemmSpec) shot.spec();
    Tensor c = shot.tensor("c");
    long products = c.shape().elements() * spec.k();
    boolean plain =
        spec.weightLayout().plain()
            && spec.bias() == GemmSpec.Bias.NONE
            && spec.accumulation() == GemmSpec.Accumulation.OVERWRITE;
    if (!plain || products > MOST_PRODUCTS) {
      shot.run();
      return;
    }
    double[] a = HostTensors.doubles(shot.tensor("a"));
    double[] b = HostTensors.doubles(shot.tensor("b"));
    int n = Math.toIntExact(spec.n());
    int k = Math.toIntExact(spec.k());
    double[] sums = new double[Math.toIntExact(c.shape().elements())];
    for (int i = 0; i < sums.length; i++) {
      int row = i / n * k;
      int column = i % n * k;
      double sum = 0;
      for (int j = 0; j < k; j++) {
        sum = FloatFormat.BF16.roundTo(sum + a[row + j] * b[column + j], Saturation.NONSAT);
      }
      sums[i] = sum;
    }
    HostTensors.write(c, sums, Saturation.NONSAT);
  }

  private static void overwriteC(Shot shot) {
    GemmSpec spec = (GemmSpec) shot.spec();
    if (spec.accumulation() == GemmSpec.Accumulation.ADD_TO_C) {
      Edits.recode(shot.tensor("c"), (i, all) -> 0);
    }
    shot.run();
  }

  private static void batchDependent(Shot shot) {
    shot.run();
    Tensor c = shot.tensor("c");
    if (c.dim(0) == 1) {
      Edits.values(c, x -> Math.nextUp((float) x));
    }
  }
}
