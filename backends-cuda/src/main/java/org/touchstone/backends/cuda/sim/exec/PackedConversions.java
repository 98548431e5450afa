package org.touchstone.backends.cuda.sim.exec;

import org.touchstone.backends.cuda.sim.math.FloatFormat;
import org.touchstone.backends.cuda.sim.math.Rounding;
import org.touchstone.backends.cuda.sim.ptx.PtxInstruction;

/**
 * Conversions to and from pairs, and to TF32. The first of two sources becomes the upper element.
 */
final class PackedConversions {
  private PackedConversions() {}

  static Instruction decode(Decoder d, PtxInstruction in, Modifiers m, String to, String from) {
    Rounding rounding = m.take("rna") ? Rounding.RNA : m.takeRounding();
    boolean finite = m.take("satfinite");
    boolean relu = m.take("relu");
    m.end();
    if (to.equals("tf32") && from.equals("f32")) {
      return d.alu(
          in,
          "ii",
          (r, q, t, a, b, c) -> {
            for (int l = 0; l < 32; l++) {
              double x = relu(relu, Float.intBitsToFloat(r[a + l]));
              r[t + l] =
                  (finite
                          ? FloatFormat.TF32.encodeFinite(x, rounding)
                          : FloatFormat.TF32.encode(x, rounding))
                      << 13;
            }
          });
    }
    FloatFormat target = element(in, to);
    boolean small = bits(target) == 8;
    if (from.equals("f32")) {
      if (small && !finite) {
        throw in.error("a conversion to 8-bit floats needs .satfinite");
      }
      return d.alu(in, small ? "hii" : "iii", fromSingles(target, rounding, finite, relu));
    }
    FloatFormat source = element(in, from);
    if (bits(source) == 8 && bits(target) == 16 && rounding == Rounding.RN) {
      return d.alu(in, "ih", between(source, 8, target, 16, false, relu));
    }
    if (bits(source) == 16 && small && finite && rounding == Rounding.RN) {
      return d.alu(in, "hi", between(source, 16, target, 8, true, relu));
    }
    throw in.error("unsupported conversion");
  }

  private static FloatFormat element(PtxInstruction in, String type) {
    return switch (type) {
      case "f16x2" -> FloatFormat.F16;
      case "bf16x2" -> FloatFormat.BF16;
      case "e4m3x2" -> FloatFormat.E4M3;
      case "e5m2x2" -> FloatFormat.E5M2;
      default -> throw in.error("unsupported type ." + type);
    };
  }

  private static int bits(FloatFormat format) {
    return format == FloatFormat.E4M3 || format == FloatFormat.E5M2 ? 8 : 16;
  }

  private static double relu(boolean relu, double x) {
    return relu && x <= 0 ? 0 : x;
  }

  private static LaneOp fromSingles(
      FloatFormat target, Rounding rounding, boolean finite, boolean relu) {
    int bits = bits(target);
    if (target == FloatFormat.BF16 && rounding == Rounding.RN && !finite && !relu) {
      return (r, q, t, a, b, c) -> {
        for (int l = 0; l < 32; l++) {
          r[t + l] = bf16(r[a + l]) << 16 | bf16(r[b + l]);
        }
      };
    }
    return (r, q, t, a, b, c) -> {
      for (int l = 0; l < 32; l++) {
        double high = relu(relu, Float.intBitsToFloat(r[a + l]));
        double low = relu(relu, Float.intBitsToFloat(r[b + l]));
        r[t + l] =
            finite
                ? target.encodeFinite(high, rounding) << bits | target.encodeFinite(low, rounding)
                : target.encode(high, rounding) << bits | target.encode(low, rounding);
      }
    };
  }

  /** Rounds the bits of a float to nearest even: carries run into the exponent as they should. */
  static int bf16(int bits) {
    if ((bits & 0x7fffffff) > 0x7f800000) {
      return 0x7fff;
    }
    return (bits + 0x7fff + (bits >>> 16 & 1)) >>> 16;
  }

  private static LaneOp between(
      FloatFormat source,
      int sourceBits,
      FloatFormat target,
      int targetBits,
      boolean finite,
      boolean relu) {
    int mask = (1 << sourceBits) - 1;
    return (r, q, t, a, b, c) -> {
      for (int l = 0; l < 32; l++) {
        double high = relu(relu, source.decode(r[a + l] >>> sourceBits & mask));
        double low = relu(relu, source.decode(r[a + l] & mask));
        r[t + l] =
            finite
                ? target.encodeFinite(high, Rounding.RN) << targetBits
                    | target.encodeFinite(low, Rounding.RN)
                : target.encode(high, Rounding.RN) << targetBits | target.encode(low, Rounding.RN);
      }
    };
  }
}
