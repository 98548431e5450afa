package org.touchstone.conformance.cases;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.touchstone.api.op.MoeRouteSpec;
import org.touchstone.api.op.MoeRouteSpec.GroupScore;
import org.touchstone.api.op.MoeRouteSpec.Renorm;
import org.touchstone.api.op.MoeRouteSpec.Score;
import org.touchstone.api.op.MoeRouteSpec.SelectionBias;
import org.touchstone.api.op.Op;
import org.touchstone.conformance.data.CounterRandom;
import org.touchstone.conformance.data.InputData;

/** Cases of {@code moe_route}. */
final class MoeRouteCases implements OperatorCases {
  private static final MoeRouteSpec V3 = MoeRouteSpec.deepseekV3(256, 8, 8, 4, 2.5f);
  private static final MoeRouteSpec V4 = MoeRouteSpec.deepseekV4(256, 6, 1.5f);
  private static final MoeRouteSpec SMALL_V3 = MoeRouteSpec.deepseekV3(16, 4, 4, 2, 1.5f);

  /** Routers of released models. */
  private static final List<MoeRouteSpec> MODELS =
      List.of(
          V3,
          V4,
          // GLM-4.5, Kimi K2
          MoeRouteSpec.deepseekV3(160, 8, 1, 1, 2.5f),
          MoeRouteSpec.deepseekV3(384, 8, 1, 1, 2.827f),
          // DeepSeek-V2, V2-Lite
          grouped(160, 6, 8, 3),
          MoeRouteSpec.softmaxTopk(64, 6, 1),
          // Mixtral, Qwen3, Qwen3-Next
          MoeRouteSpec.softmaxTopkRenorm(8, 2),
          MoeRouteSpec.softmaxTopkRenorm(128, 8),
          MoeRouteSpec.softmaxTopkRenorm(512, 10),
          // gpt-oss
          MoeRouteSpec.topkSoftmax(128, 4),
          MoeRouteSpec.topkSoftmax(32, 4));

  /** Ugly numbers of experts, groups and slots. */
  private static final List<MoeRouteSpec> UGLY =
      List.of(
          SMALL_V3,
          MoeRouteSpec.deepseekV3(21, 5, 3, 2, 1),
          MoeRouteSpec.deepseekV3(10, 4, 5, 2, 2.5f),
          MoeRouteSpec.deepseekV4(33, 7, 2.5f),
          MoeRouteSpec.softmaxTopk(1, 1, 16),
          MoeRouteSpec.softmaxTopkRenorm(7, 7),
          MoeRouteSpec.topkSoftmax(129, 3),
          new MoeRouteSpec(
              31,
              3,
              Score.SQRT_SOFTPLUS,
              SelectionBias.NONE,
              1,
              1,
              GroupScore.MAX,
              Renorm.NONE,
              0,
              -0.5f),
          new MoeRouteSpec(
              12,
              2,
              Score.SIGMOID,
              SelectionBias.PER_EXPERT,
              4,
              1,
              GroupScore.MAX,
              Renorm.SOFTMAX_TOPK,
              0,
              1));

  /** Logits that a family does not make. */
  private enum Logits {
    /** Few distinct values: most choices are ties. */
    TIES,
    /** All equal. */
    EQUAL,
    /** -Inf but for as many experts as there are slots. */
    ALL_BUT_K,
    /** Rows of -Inf between ordinary ones. */
    MINUS_INFINITY,
    /** One NaN in every third row. */
    NAN,
    /** 88, -88, 1e4 and -1e4 among ordinary ones. */
    LARGE,
    /** Around 20, where softplus changes its formula. */
    TWENTY
  }

  private static MoeRouteSpec grouped(long experts, long topK, long groups, long kept) {
    return new MoeRouteSpec(
        experts,
        topK,
        Score.SOFTMAX,
        SelectionBias.NONE,
        groups,
        kept,
        GroupScore.MAX,
        Renorm.NONE,
        0,
        16);
  }

  @Override
  public Set<Op> ops() {
    return Set.of(Op.MOE_ROUTE);
  }

  @Override
  public void generate(CaseSink sink) {
    for (MoeRouteSpec spec : MODELS) {
      sink.add(of(spec, 17, DataFamily.RANDOM).level(Level.L1));
      sink.add(of(spec, 1, DataFamily.RANDOM));
      sink.add(of(spec, 129, DataFamily.RANDOM));
    }
    for (MoeRouteSpec spec : UGLY) {
      for (DataFamily family : DataFamily.values()) {
        sink.add(of(spec, 5, family).level(Level.L1));
        sink.add(of(spec, 31, family));
      }
      sink.add(of(spec, 1, DataFamily.RANDOM).level(Level.L1));
      sink.add(of(spec, 3, DataFamily.RANDOM).absent("mask").absent("diagnostics"));
    }
    for (Logits logits : Logits.values()) {
      for (MoeRouteSpec spec : List.of(SMALL_V3, UGLY.get(3), UGLY.get(6), MODELS.get(6))) {
        sink.add(of(spec, 9, logits).level(Level.L1));
      }
      sink.add(of(V3, 17, logits));
      sink.add(of(V4, 17, logits));
      sink.add(of(MODELS.get(4), 17, logits));
    }
    edges(sink);
    // weights whose soft plus is too small for FP32, and whose root is not
    sink.add(
        of(MoeRouteSpec.deepseekV4(127, 126, 2.5f), 1, DataFamily.EXACT_INTEGER).level(Level.L1));
    sink.add(of(V3, 300, DataFamily.RANDOM).level(Level.L1).sampled(256));
    sink.add(of(V4, 300, DataFamily.RANDOM).level(Level.L1).sampled(256));
    sink.add(of(V3, 4097, DataFamily.RANDOM).level(Level.L3).sampled(256));
  }

  private static void edges(CaseSink sink) {
    for (MoeRouteSpec spec : List.of(SMALL_V3, MODELS.get(6), MODELS.get(10))) {
      sink.add(of(spec, 0, DataFamily.RANDOM).level(Level.L1).zeroAnswer("no tokens"));
      sink.add(of(spec, 7, DataFamily.RANDOM).level(Level.L1).absent("mask"));
      sink.add(of(spec, 7, DataFamily.RANDOM).level(Level.L1).absent("diagnostics"));
      for (Placement placement : new Placement[] {Placement.GAPS, Placement.OFFSET}) {
        sink.add(of(spec, 7, DataFamily.RANDOM).level(Level.L1).placement(placement));
      }
    }
    // A large bias decides alone and leaves no trace in the weights.
    sink.add(
        of(SMALL_V3, 9, DataFamily.RANDOM)
            .label("bias", "large")
            .level(Level.L1)
            .filler(
                data -> {
                  mask(data);
                  data.large("bias", 100);
                }));
    // Every biased score is negative: a kept group must still beat what is filled into others.
    sink.add(
        of(SMALL_V3, 9, DataFamily.RANDOM)
            .label("bias", "negative")
            .level(Level.L1)
            .filler(
                data -> {
                  mask(data);
                  data.uniform("bias", -3, -1.5);
                }));
  }

  static TestCase.Builder of(MoeRouteSpec spec, long tokens, DataFamily family) {
    return named(spec, tokens, family)
        .batch("T")
        .filler(
            data -> {
              mask(data);
              bias(data);
            })
        .resizable(s -> of(resized(spec, s), s[0], family), "t", "e", "k");
  }

  private static MoeRouteSpec resized(MoeRouteSpec s, long[] size) {
    return new MoeRouteSpec(
        size[1],
        size[2],
        s.score(),
        s.bias(),
        s.groups(),
        s.keptGroups(),
        s.groupScore(),
        s.renorm(),
        s.renormEps(),
        s.scale());
  }

  private static TestCase.Builder of(MoeRouteSpec spec, long tokens, Logits logits) {
    return named(spec, tokens, DataFamily.STRUCTURED)
        .label("logits", logits.name().toLowerCase(Locale.ROOT))
        .filler(
            data -> {
              mask(data);
              if (logits == Logits.TIES || logits == Logits.EQUAL) {
                data.constant("bias", 0);
              } else {
                bias(data);
              }
              fill(data, logits, spec);
            });
  }

  private static TestCase.Builder named(MoeRouteSpec spec, long tokens, DataFamily family) {
    TestCase.Builder builder =
        TestCase.of(spec, family)
            .extent("T", tokens)
            .label("e", spec.experts())
            .label("k", spec.topK())
            .label("score", spec.score().name().toLowerCase(Locale.ROOT))
            .label("renorm", spec.renorm().name().toLowerCase(Locale.ROOT))
            .label("scale", spec.scale())
            // Scores are exact in no family; the route is judged by itself.
            .exactOutputs();
    if (spec.groups() > 1) {
      builder
          .label("groups", spec.groups())
          .label("kept", spec.keptGroups())
          .label("rank", spec.groupScore().name().toLowerCase(Locale.ROOT));
    }
    return builder;
  }

  /** Tokens 4, 9, 14, ... are padding. */
  private static void mask(InputData data) {
    data.integers("mask", t -> t % 5 == 4 ? 0 : 1);
  }

  /** As a correction bias is: of the size of the scores. */
  private static void bias(InputData data) {
    if (data.family() == DataFamily.EXACT_INTEGER) {
      CounterRandom random = data.random("bias");
      data.values("bias", e -> (random.below(e, 5) - 2) * 0.125);
    } else {
      data.uniform("bias", -0.5, 0.5);
    }
  }

  private static void fill(InputData data, Logits logits, MoeRouteSpec spec) {
    CounterRandom random = data.random("logits");
    long experts = spec.experts();
    data.values(
        "logits",
        i -> {
          long token = i / experts;
          long expert = i % experts;
          double ordinary = 2 * random.normal(i);
          return switch (logits) {
            case TIES -> random.below(i, 3) * 0.5;
            case EQUAL -> 0.75;
            case ALL_BUT_K ->
                Math.floorMod(expert - random.below(~token, experts), experts) < spec.topK()
                    ? ordinary
                    : Double.NEGATIVE_INFINITY;
            case MINUS_INFINITY -> token % 3 == 1 ? Double.NEGATIVE_INFINITY : ordinary;
            case NAN ->
                token % 3 == 1 && expert == random.below(~token, experts) ? Double.NaN : ordinary;
            case LARGE ->
                switch ((int) random.below(~i, 8)) {
                  case 0 -> 88;
                  case 1 -> -88;
                  case 2 -> token % 2 == 0 ? 1e4 : 89;
                  case 3 -> token % 2 == 0 ? -1e4 : -104;
                  default -> ordinary;
                };
            case TWENTY -> 20 + (random.below(i, 41) - 20) * 0.001;
          };
        });
  }
}
