package org.touchstone.conformance.cases;

import java.util.Map;
import java.util.Set;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.Activation;
import org.touchstone.api.op.Activation.GateLayout;
import org.touchstone.api.op.Activation.Kind;
import org.touchstone.api.op.GatedActSpec;
import org.touchstone.api.op.Op;
import org.touchstone.conformance.data.CounterRandom;
import org.touchstone.conformance.data.InputData;

/** Cases of {@code gated_act}. */
final class GatedActCases implements OperatorCases {
  private static final DType F32 = DType.F32;
  private static final DType BF16 = DType.BF16;
  private static final DType[][] TYPES = {{BF16, BF16}, {F32, F32}, {F32, BF16}, {BF16, F32}};
  private static final Activation[] PRESETS = {
    Activation.SWIGLU, Activation.SWIGLU_CLAMPED, Activation.SWIGLU_OAI, Activation.GEGLU_TANH
  };
  private static final DataFamily[] FAMILIES = {
    DataFamily.RANDOM, DataFamily.SUBNORMAL, DataFamily.SATURATING, DataFamily.STRUCTURED
  };
  private static final long[] WIDTHS = {1, 2, 7, 15, 16, 17, 127, 128, 129, 704, 1407, 2049};

  @Override
  public Set<Op> ops() {
    return Set.of(Op.GATED_ACT);
  }

  @Override
  public Map<DataFamily, String> inapplicable() {
    return Map.of(DataFamily.EXACT_INTEGER, "an exponential is no integer");
  }

  @Override
  public void generate(CaseSink sink) {
    for (Activation activation : PRESETS) {
      for (DType[] types : TYPES) {
        for (DataFamily family : FAMILIES) {
          boolean usual = types[0] == types[1];
          sink.add(of(activation, types, family, 5, 129).level(usual ? Level.L1 : Level.L2));
        }
      }
      for (DType[] types : TYPES) {
        sink.add(ramp(activation, types).level(types[1] == F32 ? Level.L1 : Level.L2));
      }
    }
    shapes(sink);
    realModels(sink);
  }

  private static void shapes(CaseSink sink) {
    for (long width : WIDTHS) {
      sink.add(of(Activation.SWIGLU, TYPES[0], DataFamily.RANDOM, 3, width).level(Level.L1));
      sink.add(of(Activation.SWIGLU_OAI, TYPES[0], DataFamily.RANDOM, 3, width).level(Level.L1));
      sink.add(of(Activation.GEGLU_TANH, TYPES[1], DataFamily.STRUCTURED, 6, width));
    }
    for (Kind kind : Kind.values()) {
      for (GateLayout layout : GateLayout.values()) {
        Activation tight = new Activation(kind, 0.75f, layout);
        sink.add(of(tight, TYPES[0], DataFamily.RANDOM, 3, 65).level(Level.L1));
        sink.add(of(tight, TYPES[1], DataFamily.SATURATING, 3, 65));
      }
    }
    for (long rows : new long[] {1, 127, 129, 1025}) {
      sink.add(of(Activation.SWIGLU, TYPES[0], DataFamily.RANDOM, rows, 33).level(Level.L1));
    }
    sink.add(
        of(Activation.SWIGLU, TYPES[0], DataFamily.RANDOM, 0, 33)
            .level(Level.L1)
            .zeroAnswer("no elements"));
    for (Activation activation : new Activation[] {Activation.SWIGLU, Activation.SWIGLU_OAI}) {
      for (Placement placement : new Placement[] {Placement.GAPS, Placement.OFFSET}) {
        sink.add(
            of(activation, TYPES[0], DataFamily.RANDOM, 7, 67)
                .level(Level.L1)
                .placement(placement));
        sink.add(of(activation, TYPES[1], DataFamily.RANDOM, 3, 2050).placement(placement));
      }
    }
  }

  private static void realModels(CaseSink sink) {
    // Dense layers of DeepSeek-V3, experts of gpt-oss and of Gemma 4.
    sink.add(
        of(Activation.SWIGLU, TYPES[0], DataFamily.RANDOM, 16, 18_432)
            .level(Level.L1)
            .sampled(256));
    sink.add(of(Activation.SWIGLU_OAI, TYPES[0], DataFamily.RANDOM, 64, 2880).sampled(256));
    sink.add(of(Activation.GEGLU_TANH, TYPES[0], DataFamily.RANDOM, 64, 704).sampled(256));
    sink.add(
        of(Activation.SWIGLU_CLAMPED, TYPES[2], DataFamily.RANDOM, 509, 18_432)
            .level(Level.L3)
            .sampled(256));
  }

  private static TestCase.Builder of(
      Activation activation, DType[] types, DataFamily family, long rows, long width) {
    return TestCase.of(new GatedActSpec(activation, width, types[0], types[1]), family)
        .label("act", name(activation))
        .extent("T", rows)
        .label("i", width)
        .label("in", types[0])
        .label("out", types[1])
        .batch("T")
        .filler(data -> fill(data, activation, width))
        .resizable(s -> of(activation, types, family, s[0], s[1]), "t", "i");
  }

  private static String name(Activation activation) {
    for (int i = 0; i < PRESETS.length; i++) {
      if (activation.equals(PRESETS[i])) {
        return new String[] {"swiglu", "swiglu_clamped", "swiglu_oai", "geglu_tanh"}[i];
      }
    }
    String layout = activation.layout() == GateLayout.GATE_FIRST ? "_first" : "_interleaved";
    return activation.kind().name().toLowerCase(java.util.Locale.ROOT)
        + "_"
        + activation.limit()
        + layout;
  }

  /** Subnormal gates meet normal ups: the product of two subnormals says nothing. */
  private static void fill(InputData data, Activation activation, long width) {
    if (data.family() == DataFamily.SUBNORMAL) {
      CounterRandom random = data.random("h");
      double tiny = 0x1p-126;
      data.values(
          "h",
          i -> {
            double value = random.normal(i);
            return isGate(activation, i % (2 * width), width) ? tiny * value : 8 * value;
          });
    }
  }

  private static boolean isGate(Activation activation, long column, long width) {
    return activation.layout() == GateLayout.GATE_FIRST ? column < width : column % 2 == 0;
  }

  /** Gates from -110 to 110 pass through every regime of the exponential. */
  private static TestCase.Builder ramp(Activation activation, DType[] types) {
    long width = 881;
    return TestCase.of(
            new GatedActSpec(activation, width, types[0], types[1]), DataFamily.STRUCTURED)
        .label("act", name(activation))
        .extent("T", 2)
        .label("i", width)
        .label("in", types[0])
        .label("out", types[1])
        .label("gates", "ramp")
        .filler(
            data -> {
              CounterRandom random = data.random("ups");
              data.values(
                  "h",
                  i -> {
                    long column = i % (2 * width);
                    boolean interleaved = activation.layout() == GateLayout.INTERLEAVED;
                    long pair = interleaved ? column / 2 : column % width;
                    return isGate(activation, column, width)
                        ? (pair - 440) * 0.25
                        : random.normal(i);
                  });
            });
  }
}
