package org.touchstone.conformance.cases;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.touchstone.api.Layout;
import org.touchstone.api.Numerics;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.Activation;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.MoeForwardSpec;
import org.touchstone.api.op.MoeForwardSpec.SharedGate;
import org.touchstone.api.op.MoeForwardSpec.WeightOn;
import org.touchstone.api.op.Op;
import org.touchstone.api.op.Slot;
import org.touchstone.conformance.data.InputData;

/** Cases of {@code moe_forward}. */
final class MoeForwardCases implements OperatorCases {
  private static final Activation INTERLEAVED =
      new Activation(
          Activation.Kind.SWIGLU, Float.POSITIVE_INFINITY, Activation.GateLayout.INTERLEAVED);

  /** Deviation of the random values of E4M3FN: a quarter of the largest. */
  private static final double CODE_DEVIATION = 112;

  /** Whether the outputs that show the hidden activations are asked for. */
  enum Taps {
    ON,
    OFF
  }

  @Override
  public Set<Op> ops() {
    return Set.of(Op.MOE_FORWARD);
  }

  @Override
  public Map<DataFamily, String> inapplicable() {
    return Map.of(
        DataFamily.EXACT_INTEGER, "the activation takes integers to numbers that are not exact");
  }

  /** Specs that have every type, flag and activation between them; sizes are ugly. */
  private static List<MoeForwardSpec> ugly() {
    DType f32 = DType.F32;
    DType bf16 = DType.BF16;
    WeightOn inside = WeightOn.ACT_BEFORE_DOWN;
    return List.of(
        spec(GemmOperands.F32, 4, 2, 37, 19).types(f32, f32, f32, f32).build(),
        spec(GemmOperands.F32, 3, 1, 64, 130)
            .shared(33, SharedGate.SIGMOID)
            .types(f32, bf16, bf16, bf16)
            .weightOn(inside)
            .build(),
        spec(GemmOperands.F32, 2, 2, 17, 5)
            .shared(129, SharedGate.NONE)
            .activation(Activation.GEGLU_TANH)
            .types(f32, f32, bf16, f32)
            .build(),
        spec(GemmOperands.BF16, 5, 3, 130, 47).shared(20, SharedGate.NONE).build(),
        spec(GemmOperands.BF16, 4, 2, 255, 64)
            .activation(Activation.SWIGLU_OAI)
            .types(bf16, f32, bf16, f32)
            .build(),
        spec(GemmOperands.BF16, 6, 2, 31, 128)
            .activation(Activation.SWIGLU_CLAMPED)
            .types(bf16, bf16, bf16, f32)
            .weightOn(inside)
            .build(),
        spec(GemmOperands.FP8_BLOCK, 16, 4, 192, 96).shared(96, SharedGate.NONE).build(),
        spec(GemmOperands.FP8_BLOCK, 3, 2, 257, 200)
            .shared(96, SharedGate.SIGMOID)
            .activation(Activation.SWIGLU_CLAMPED)
            .types(f32, f32, f32, f32)
            .weightOn(inside)
            .build(),
        spec(GemmOperands.FP8_BLOCK, 2, 1, 129, 131)
            .activation(INTERLEAVED)
            .types(bf16, bf16, bf16, f32)
            .weightOn(inside)
            .build(),
        spec(GemmOperands.FP8_BLOCK, 7, 3, 128, 128)
            .shared(256, SharedGate.SIGMOID)
            .activation(Activation.SWIGLU_OAI)
            .types(f32, bf16, f32, bf16)
            .build());
  }

  @Override
  public void generate(CaseSink sink) {
    for (MoeForwardSpec spec : ugly()) {
      for (DataFamily family : DataFamily.values()) {
        if (inapplicable().containsKey(family)) {
          continue;
        }
        sink.add(of(spec, 5, ExpertChoice.HOLES, Taps.ON, family).level(Level.L1));
        sink.add(of(spec, 33, ExpertChoice.HOLES, Taps.OFF, family));
      }
      DataFamily random = DataFamily.RANDOM;
      sink.add(of(spec, 3, ExpertChoice.HOLES, Taps.OFF, random).level(Level.L1));
      sink.add(of(spec, 1, ExpertChoice.UNIFORM, Taps.OFF, random).level(Level.L1));
      sink.add(of(spec, 29, ExpertChoice.ONE_EXPERT, Taps.ON, random));
      sink.add(of(spec, 65, ExpertChoice.SKEWED, Taps.OFF, random));
    }
    edges(sink);
    models(sink);
  }

  private static void edges(CaseSink sink) {
    DataFamily random = DataFamily.RANDOM;
    for (int i : new int[] {0, 4, 6}) {
      MoeForwardSpec spec = ugly().get(i);
      sink.add(
          of(spec, 0, ExpertChoice.UNIFORM, Taps.ON, random)
              .level(Level.L1)
              .zeroAnswer("no tokens"));
      sink.add(of(spec, 27, ExpertChoice.ONE_EXPERT, Taps.OFF, random).level(Level.L1));
      sink.add(of(spec, 26, ExpertChoice.SKEWED, Taps.OFF, random).level(Level.L1));
      for (Placement placement : new Placement[] {Placement.GAPS, Placement.OFFSET}) {
        sink.add(
            of(spec, 5, ExpertChoice.HOLES, Taps.ON, random).level(Level.L1).placement(placement));
      }
      TestCase.Builder none = of(spec, 4, ExpertChoice.NONE, Taps.OFF, random).level(Level.L1);
      sink.add(
          spec.sharedIntermediate() == 0
              ? none.zeroAnswer("no slot has an expert and there is no shared one")
              : none);
      sink.add(
          of(spec, 5, ExpertChoice.HOLES, Taps.OFF, random)
              .packed(spec::withWeightLayout, weightSlots(spec)));
    }
    // Without scales their tap is zero.
    sink.add(
        sized(ugly().getFirst(), 3, ExpertChoice.HOLES, random)
            .label("taps", "both")
            .level(Level.L1));
  }

  /** One layout serves all weights. */
  private static String[] weightSlots(MoeForwardSpec spec) {
    return spec.sharedIntermediate() == 0
        ? new String[] {"w1", "w2"}
        : new String[] {"w1", "w2", "sharedW1", "sharedW2"};
  }

  /** Widths of released models, with fewer experts. */
  private static void models(CaseSink sink) {
    DataFamily random = DataFamily.RANDOM;
    MoeForwardSpec v3 = spec(GemmOperands.FP8_BLOCK, 2, 2, 7168, 2048).build();
    sink.add(of(v3, 1, ExpertChoice.UNIFORM, Taps.OFF, random).level(Level.L1).sampled(128));
    MoeForwardSpec qwen3 = spec(GemmOperands.BF16, 4, 2, 2048, 768).build();
    sink.add(of(qwen3, 3, ExpertChoice.UNIFORM, Taps.ON, random).level(Level.L1).sampled(128));
    MoeForwardSpec v4 =
        spec(GemmOperands.FP8_BLOCK, 2, 1, 4096, 2048)
            .shared(2048, SharedGate.NONE)
            .activation(Activation.SWIGLU_CLAMPED)
            .weightOn(WeightOn.ACT_BEFORE_DOWN)
            .build();
    sink.add(of(v4, 2, ExpertChoice.UNIFORM, Taps.ON, random).sampled(128));
    MoeForwardSpec oss =
        spec(GemmOperands.BF16, 2, 2, 2880, 2880).activation(Activation.SWIGLU_OAI).build();
    sink.add(of(oss, 2, ExpertChoice.UNIFORM, Taps.OFF, random).sampled(128));
    MoeForwardSpec next =
        spec(GemmOperands.BF16, 4, 2, 2048, 512).shared(512, SharedGate.SIGMOID).build();
    sink.add(of(next, 3, ExpertChoice.UNIFORM, Taps.OFF, random).sampled(128));
    MoeForwardSpec many = spec(GemmOperands.FP8_BLOCK, 128, 8, 2048, 768).build();
    sink.add(of(many, 64, ExpertChoice.UNIFORM, Taps.OFF, random).level(Level.L3).sampled(8));
  }

  static TestCase.Builder of(
      MoeForwardSpec spec, long tokens, ExpertChoice experts, Taps taps, DataFamily family) {
    TestCase.Builder builder = sized(spec, tokens, experts, family);
    if (taps == Taps.OFF) {
      builder.absent("hiddenTap");
    }
    if (taps == Taps.OFF || !spec.operands().scaled()) {
      builder.absent("hiddenScaleTap");
    }
    return builder;
  }

  private static TestCase.Builder sized(
      MoeForwardSpec spec, long tokens, ExpertChoice experts, DataFamily family) {
    Activation activation = spec.activation();
    String kind = activation.kind().name().toLowerCase(Locale.ROOT);
    TestCase.Builder builder =
        TestCase.of(spec, family)
            .extent("T", tokens)
            .label("e", spec.experts())
            .label("k", spec.topK())
            .label("h", spec.hiddenSize())
            .label("i", spec.intermediate())
            .label("w", spec.operands())
            .label("x", spec.input())
            .label("gateup", spec.gateUp())
            .label("hidden", spec.hidden())
            .label("out", spec.output())
            .label("act", activation.clamped() ? kind + "_" + activation.limit() : kind)
            .label("experts", experts.label());
    if (activation.layout() == Activation.GateLayout.INTERLEAVED) {
      builder.label("gates", "interleaved");
    }
    if (spec.weightOn() == WeightOn.ACT_BEFORE_DOWN) {
      builder.label("weighton", "act");
    }
    if (spec.sharedIntermediate() > 0) {
      builder
          .label("shared", spec.sharedIntermediate())
          .label("sharedgate", spec.sharedGate().name().toLowerCase(Locale.ROOT));
    }
    return builder
        .batch("T")
        .filler(data -> fill(data, spec, experts))
        .resizable(s -> sized(resized(spec, s), s[0], experts, family), "t", "e", "k", "h", "i");
  }

  private static MoeForwardSpec resized(MoeForwardSpec s, long[] size) {
    return new MoeForwardSpec(
        s.operands(),
        size[1],
        size[2],
        size[3],
        size[4],
        s.sharedIntermediate(),
        s.sharedGate(),
        s.activation(),
        s.input(),
        s.gateUp(),
        s.hidden(),
        s.weightOn(),
        s.output(),
        s.weightLayout(),
        s.numerics());
  }

  private static void fill(InputData data, MoeForwardSpec spec, ExpertChoice experts) {
    experts.fill(data, "indices", spec.experts());
    data.uniform("weights", 0.1, 1);
    for (Slot slot : spec.signature().slots()) {
      String name = slot.name();
      if (name.endsWith("Scale") && data.has(name)) {
        String weight = name.substring(0, name.length() - "Scale".length());
        scales(data, name, data.shape(weight).dim(-1));
      }
    }
    switch (data.family()) {
      case RANDOM -> {
        data.normal("x", 0, 1);
        weights(data, spec);
      }
      case STRUCTURED, EXACT_INTEGER -> {}
      case SUBNORMAL -> {
        // Gates and ups stay ordinary: a product of two subnormal ones is zero.
        data.normal("x", 0, 1);
        weights(data, spec);
        data.floats("w2");
        data.floats("sharedW2");
      }
      case SATURATING -> {
        // Products of a gate and an up projection must stay within FP32.
        data.large("x", 0x1p50);
        weights(data, spec);
        if (spec.operands().scaled()) {
          data.floats("w1");
          data.floats("w2");
        }
      }
    }
  }

  /** Weights that keep projections about as large as what enters them. */
  private static void weights(InputData data, MoeForwardSpec spec) {
    for (String slot : List.of("w1", "w2", "sharedW1", "sharedW2", "sharedGate")) {
      if (spec.operands().scaled() && !slot.equals("sharedGate")) {
        data.floats(slot, DataFamily.RANDOM);
      } else if (data.has(slot)) {
        data.normal(slot, 0, 1 / Math.sqrt((double) data.shape(slot).dim(-1)));
      }
    }
  }

  /** Scales that bring codes of E4M3FN to the size of ordinary weights. */
  private static void scales(InputData data, String slot, long terms) {
    double size = 1 / (CODE_DEVIATION * Math.sqrt((double) terms));
    boolean subnormal = data.family() == DataFamily.SUBNORMAL && slot.startsWith("w2");
    double factor = subnormal ? 1024 : 1;
    data.uniform(slot, 0.5 * size * factor, 1.5 * size * factor);
  }

  private static SpecDraft spec(
      GemmOperands operands, long experts, long topK, long hiddenSize, long intermediate) {
    return new SpecDraft(
        MoeForwardSpec.of(operands, experts, topK, hiddenSize, intermediate), WeightOn.OUTPUT);
  }

  /** Changes a spec step by step. */
  private record SpecDraft(MoeForwardSpec spec, WeightOn weightOn) {
    SpecDraft shared(long width, SharedGate gate) {
      return new SpecDraft(spec.withShared(width, gate), weightOn);
    }

    SpecDraft types(DType input, DType gateUp, DType hidden, DType output) {
      return new SpecDraft(spec.withTypes(input, gateUp, hidden, output), weightOn);
    }

    SpecDraft activation(Activation other) {
      return new SpecDraft(copy(other, weightOn), weightOn);
    }

    SpecDraft weightOn(WeightOn other) {
      return new SpecDraft(spec, other);
    }

    MoeForwardSpec build() {
      return copy(spec.activation(), weightOn);
    }

    private MoeForwardSpec copy(Activation activation, WeightOn place) {
      return new MoeForwardSpec(
          spec.operands(),
          spec.experts(),
          spec.topK(),
          spec.hiddenSize(),
          spec.intermediate(),
          spec.sharedIntermediate(),
          spec.sharedGate(),
          activation,
          spec.input(),
          spec.gateUp(),
          spec.hidden(),
          place,
          spec.output(),
          Layout.PLAIN,
          Numerics.STANDARD);
    }
  }
}
