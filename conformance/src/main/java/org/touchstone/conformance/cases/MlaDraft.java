package org.touchstone.conformance.cases;

import org.touchstone.api.Numerics;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AttentionMask;
import org.touchstone.api.op.MlaDecodeAbsorbedSpec;
import org.touchstone.api.op.MlaDims;
import org.touchstone.api.op.MlaPrefillSpec;
import org.touchstone.conformance.data.CounterRandom;
import org.touchstone.conformance.data.InputData;

/**
 * What cases of multi-head latent attention have in common.
 *
 * @param family what the numbers are like
 * @param dims dimensions
 * @param dtype element type of queries and of uncached keys
 * @param weight element type of W_kvb
 * @param output element type of the output
 * @param mask visible keys
 */
record MlaDraft(
    DataFamily family, MlaDims dims, DType dtype, DType weight, DType output, AttentionMask mask) {
  /** A small trained model's dimensions. */
  static final MlaDims SMALL = new MlaDims(4, 64, 32, 16, 32);

  /** Ugly dimensions, and more heads than a tile of any backend holds in one go. */
  static final MlaDims[] UGLY = {
    new MlaDims(1, 1, 1, 1, 1),
    new MlaDims(3, 20, 7, 5, 33),
    new MlaDims(2, 130, 65, 16, 129),
    new MlaDims(67, 24, 8, 8, 8)
  };

  static MlaDraft of(DataFamily family, MlaDims dims, DType type) {
    return new MlaDraft(family, dims, type, type, type, AttentionMask.CAUSAL);
  }

  MlaDraft with(AttentionMask other) {
    return new MlaDraft(family, dims, dtype, weight, output, other);
  }

  MlaDraft types(DType ofWeight, DType ofOutput) {
    return new MlaDraft(family, dims, dtype, ofWeight, ofOutput, mask);
  }

  private float scale() {
    return (float) (1 / Math.sqrt((double) (dims.nopeDim() + dims.ropeDim())));
  }

  MlaPrefillSpec prefill() {
    return new MlaPrefillSpec(dtype, weight, output, dims, scale(), mask, Numerics.STANDARD);
  }

  MlaDecodeAbsorbedSpec decode(DType cache, long pageSize) {
    return new MlaDecodeAbsorbedSpec(
        dtype, cache, weight, output, dims, pageSize, scale(), mask, Numerics.STANDARD);
  }

  /** Names everything that differs. */
  TestCase.Builder label(TestCase.Builder builder) {
    builder
        .label("h", dims.heads())
        .label("dc", dims.latentDim())
        .label("dn", dims.nopeDim())
        .label("dr", dims.ropeDim())
        .label("dv", dims.valueDim())
        .label("mask", AttentionDraft.name(mask))
        .label("in", dtype)
        .label("w", weight)
        .label("out", output)
        .reduction(dims.latentDim());
    return family == DataFamily.EXACT_INTEGER ? builder.exactOutputs("o") : builder;
  }

  /** Fills queries and W_kvb. */
  void fill(InputData data) {
    switch (family) {
      case EXACT_INTEGER -> {
        // Only the rotary part scores, the same for all keys.
        data.constant("qNope", 0);
        data.integers("qRope", -2, 2);
        data.integers("wKvb", -1, 1);
      }
      case RANDOM, STRUCTURED, SUBNORMAL -> {
        data.floats("qNope", notSubnormal());
        data.floats("qRope", notSubnormal());
        data.normal("wKvb", 0, 1 / Math.sqrt((double) dims.latentDim()));
      }
      case SATURATING -> {
        data.large("qNope", reach());
        data.large("qRope", reach());
        data.normal("wKvb", 0, 1 / Math.sqrt((double) dims.latentDim()));
      }
    }
  }

  /** Scores of about 1e4 between numbers of this size. */
  private double reach() {
    return Math.sqrt(1e4 / 0.58);
  }

  private DataFamily notSubnormal() {
    return family == DataFamily.SUBNORMAL ? DataFamily.RANDOM : family;
  }

  /** Returns element {@code d} of a latent; {@code i} numbers the elements of all tokens. */
  double latent(CounterRandom random, long i, long d) {
    return switch (family) {
      case EXACT_INTEGER -> random.below(i, 5) - 2;
      case RANDOM -> random.normal(i);
      case SUBNORMAL -> random.normal(i) * 0x1p-127;
      case SATURATING -> Math.copySign(reach() * (0.5 + 0.5 * random.unit(i)), random.normal(~i));
      case STRUCTURED -> i % 3 == 0 ? 1.5 : d % 2 == 0 ? 0.5 : -0.25;
    };
  }

  /** Returns element {@code d} of a rotary key. */
  double rope(CounterRandom random, long i, long d) {
    return switch (family) {
      case EXACT_INTEGER -> random.below(d, 3) - 1;
      case RANDOM, SUBNORMAL -> random.normal(i);
      case SATURATING -> Math.copySign(reach() * (0.5 + 0.5 * random.unit(i)), random.normal(~i));
      case STRUCTURED -> i % 5 == 0 ? 1 : 0.5;
    };
  }
}
