package org.touchstone.conformance.mutants;

import java.util.EnumSet;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.FloatFormat;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.AddSpec;
import org.touchstone.api.op.CastSpec;
import org.touchstone.api.op.EmbeddingSpec;
import org.touchstone.api.op.FusedAddRmsNormSpec;
import org.touchstone.api.op.GatedActSpec;
import org.touchstone.api.op.Op;
import org.touchstone.api.op.RmsNormSpec;
import org.touchstone.api.op.RmsNormVariant;
import org.touchstone.api.op.RopeApplySpec;
import org.touchstone.api.op.RopeApplySpec.Direction;
import org.touchstone.api.op.RopeApplySpec.Pairing;
import org.touchstone.api.op.SampleSpec;
import org.touchstone.backends.host.HostTensors;

/** Defects of operators that work row by row. */
final class RowMutants {
  private static final int CODE_OF_240 = 0x77;

  private RowMutants() {}

  static void addTo(Seeds seeds) {
    elementwise(seeds);
    formats(seeds);
    norms(seeds);
    rotations(seeds);
    sampling(seeds);
  }

  private static void elementwise(Seeds seeds) {
    seeds.value("truncate-add", Op.ADD, "truncates instead of rounding", RowMutants::truncateSum);
    seeds.value(
        "add-flushes-subnormals",
        Op.ADD,
        "flushes subnormal operands without declaring it",
        shot -> {
          for (String slot : new String[] {"a", "b"}) {
            Tensor copy = shot.copy(slot);
            var flush = Edits.flush(copy.dtype().format());
            Edits.recode(copy, (i, all) -> flush.applyAsLong(all[i]));
            shot.replace(slot, copy);
          }
          shot.run();
        });
    seeds.value(
        "embedding-neighbour",
        Op.EMBEDDING,
        "gathers the next row of the table",
        shot -> {
          long vocabulary = ((EmbeddingSpec) shot.spec()).vocabulary();
          Edits.input("ids", (i, all) -> (all[i] + 1) % vocabulary).spoil(shot);
        });
    seeds.value(
        "gate-and-up-swapped",
        Op.GATED_ACT,
        "takes the up projection for the gate",
        shot -> {
          GatedActSpec spec = (GatedActSpec) shot.spec();
          int wide = Math.toIntExact(2 * spec.intermediate());
          boolean interleaved =
              spec.activation().layout() == org.touchstone.api.op.Activation.GateLayout.INTERLEAVED;
          Edits.input(
                  "h",
                  (i, all) -> {
                    int row = i / wide * wide;
                    int column = i % wide;
                    int other = interleaved ? column ^ 1 : (column + wide / 2) % wide;
                    return all[row + other];
                  })
              .spoil(shot);
        });
  }

  private static void truncateSum(Shot shot) {
    AddSpec spec = (AddSpec) shot.spec();
    if (spec.output() != DType.BF16) {
      shot.run();
      return;
    }
    Tensor y = shot.tensor("y");
    Tensor wide = shot.scratch(DType.F32, y.shape());
    shot.replaceSpec(new AddSpec(spec.left(), spec.right(), DType.F32));
    shot.replace("y", wide);
    shot.run();
    double[] values = HostTensors.doubles(wide);
    for (int i = 0; i < values.length; i++) {
      values[i] = Edits.truncate(FloatFormat.BF16, values[i]);
    }
    HostTensors.write(y, values, Saturation.NONSAT);
  }

  private static void formats(Seeds seeds) {
    seeds.value(
        "cast-flushes-subnormals",
        Op.CAST,
        "gives zero for subnormal results",
        shot -> {
          DType to = ((CastSpec) shot.spec()).to();
          var flush = to == DType.E8M0 ? null : Edits.flush(to.format());
          Edits.output("y", (i, all) -> flush == null ? all[i] : flush.applyAsLong(all[i]))
              .spoil(shot);
        });
    seeds.value(
        "cast-ignores-saturation",
        Op.CAST,
        "does not saturate where the spec asks for it, and the other way round",
        shot -> {
          CastSpec spec = (CastSpec) shot.spec();
          Saturation other =
              spec.saturation() == Saturation.SAT ? Saturation.NONSAT : Saturation.SAT;
          shot.replaceSpec(new CastSpec(spec.from(), spec.to(), other, spec.e8m0Rounding()));
          shot.run();
        });
    for (Op op : EnumSet.of(Op.QUANTIZE_FP8_GROUP, Op.QUANTIZE_FP8_BLOCK)) {
      String suffix = "-" + op.opName().replace('_', '-');
      seeds.value(
          "scale-one-ulp" + suffix,
          op,
          "returns a scale one unit in the last place too large",
          Edits.output("scale", (i, all) -> all[i] + 1));
      seeds.value(
          "clamp-240" + suffix,
          op,
          "clamps codes at 240 instead of 448",
          Edits.output(
              "q",
              (i, all) -> (all[i] & 0x7F) > CODE_OF_240 ? (all[i] & 0x80) | CODE_OF_240 : all[i]));
    }
    seeds.value(
        "dequantize-neighbour",
        Op.DEQUANTIZE,
        "uses the scale of the next block",
        Edits.rolledInput("scale", -1));
  }

  private static void norms(Seeds seeds) {
    seeds.value(
        "eps-ignored",
        Op.RMS_NORM,
        "leaves eps out of the square root",
        shot -> {
          RmsNormSpec s = (RmsNormSpec) shot.spec();
          shot.replaceSpec(
              new RmsNormSpec(s.variant(), s.hidden(), 0, s.input(), s.weight(), s.output()));
          shot.run();
        });
    seeds.value(
        "mean-of-one-less",
        Op.RMS_NORM,
        "leaves the last element out of the mean",
        RowMutants::shortMean);
    seeds.value(
        "round-point-moved",
        Op.RMS_NORM,
        "rounds after the weight where the spec rounds before it",
        shot -> {
          RmsNormSpec s = (RmsNormSpec) shot.spec();
          RmsNormVariant other =
              switch (s.variant()) {
                case CAST_THEN_MUL -> RmsNormVariant.FP32_MUL;
                case FP32_MUL -> RmsNormVariant.CAST_THEN_MUL;
                default -> s.variant();
              };
          shot.replaceSpec(
              new RmsNormSpec(other, s.hidden(), s.eps(), s.input(), s.weight(), s.output()));
          shot.run();
        });
    seeds.value(
        "residual-not-added",
        Op.FUSED_ADD_RMS_NORM,
        "normalises x without the residual",
        Edits.zeroInput("residual"));
    seeds.value(
        "residual-not-written",
        Op.FUSED_ADD_RMS_NORM,
        "returns the old residual",
        shot -> {
          FusedAddRmsNormSpec s = (FusedAddRmsNormSpec) shot.spec();
          long[] old = HostTensors.codes(shot.tensor("residual"));
          shot.run();
          if (s.hidden() > 0) {
            HostTensors.writeCodes(shot.tensor("residualOut"), old);
          }
        });
  }

  /** Computes the norm of rows without their last element, and that element by the same factor. */
  private static void shortMean(Shot shot) {
    RmsNormSpec s = (RmsNormSpec) shot.spec();
    int hidden = Math.toIntExact(s.hidden());
    if (hidden < 2 || s.output() != DType.F32) {
      shot.run();
      return;
    }
    double[] x = HostTensors.doubles(shot.tensor("x"));
    shot.run();
    double[] y = HostTensors.doubles(shot.tensor("y"));
    for (int row = 0; row + hidden <= y.length; row += hidden) {
      double all = 0;
      for (int i = 0; i < hidden; i++) {
        all += x[row + i] * x[row + i];
      }
      double last = x[row + hidden - 1];
      double factor =
          Math.sqrt((all / hidden + s.eps()) / ((all - last * last) / hidden + s.eps()));
      for (int i = 0; i < hidden; i++) {
        y[row + i] *= factor;
      }
    }
    HostTensors.write(shot.tensor("y"), y, Saturation.NONSAT);
  }

  private static void rotations(Seeds seeds) {
    seeds.value(
        "rope-pairing-swapped",
        Op.ROPE_APPLY,
        "pairs neighbours where the spec pairs halves, and the other way round",
        shot -> {
          RopeApplySpec s = (RopeApplySpec) shot.spec();
          Pairing other = s.pairing() == Pairing.NEOX ? Pairing.GPTJ : Pairing.NEOX;
          shot.replaceSpec(
              new RopeApplySpec(
                  s.dtype(),
                  s.heads(),
                  s.headDim(),
                  s.rotaryDim(),
                  s.offset(),
                  other,
                  s.direction()));
          shot.run();
        });
    seeds.value(
        "rope-inverted",
        Op.ROPE_APPLY,
        "rotates the other way",
        shot -> {
          RopeApplySpec s = (RopeApplySpec) shot.spec();
          Direction other =
              s.direction() == Direction.FORWARD ? Direction.INVERSE : Direction.FORWARD;
          shot.replaceSpec(
              new RopeApplySpec(
                  s.dtype(),
                  s.heads(),
                  s.headDim(),
                  s.rotaryDim(),
                  s.offset(),
                  s.pairing(),
                  other));
          shot.run();
        });
    seeds.value(
        "position-off-by-one",
        Op.ROPE_FREQS,
        "starts counting positions at one",
        Edits.input("positions", (i, all) -> all[i] + 1));
  }

  private static void sampling(Seeds seeds) {
    seeds.value(
        "ignores-top-k",
        Op.SAMPLE,
        "draws from the whole vocabulary",
        shot -> {
          SampleSpec s = (SampleSpec) shot.spec();
          shot.replaceSpec(new SampleSpec(s.vocabulary(), s.temperature(), 0, s.topP(), s.minP()));
          shot.run();
        });
    seeds.value(
        "ignores-top-p",
        Op.SAMPLE,
        "draws beyond the nucleus",
        shot -> {
          SampleSpec s = (SampleSpec) shot.spec();
          shot.replaceSpec(new SampleSpec(s.vocabulary(), s.temperature(), s.topK(), 1, s.minP()));
          shot.run();
        });
    seeds.value(
        "tie-to-higher-token",
        Op.SAMPLE,
        "takes the higher index of two equal logits",
        RowMutants::mirrored);
  }

  /** Runs on mirrored logits and mirrors the answer. */
  private static void mirrored(Shot shot) {
    SampleSpec s = (SampleSpec) shot.spec();
    if (s.random()) {
      shot.run();
      return;
    }
    int vocabulary = Math.toIntExact(s.vocabulary());
    Tensor logits = shot.copy("logits");
    Edits.recode(
        logits, (i, all) -> all[i / vocabulary * vocabulary + vocabulary - 1 - i % vocabulary]);
    shot.replace("logits", logits);
    shot.run();
    Edits.recode(shot.tensor("ids"), (i, all) -> vocabulary - 1 - all[i]);
  }
}
