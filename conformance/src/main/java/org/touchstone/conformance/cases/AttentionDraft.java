package org.touchstone.conformance.cases;

import java.util.Locale;
import java.util.function.LongUnaryOperator;
import org.touchstone.api.Numerics;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AttentionDecodePagedSpec;
import org.touchstone.api.op.AttentionMask;
import org.touchstone.api.op.AttentionPrefillSpec;
import org.touchstone.api.op.AttentionPrefillSpec.Packing;
import org.touchstone.api.op.AttentionPrefillSpec.Sink;
import org.touchstone.conformance.data.CounterRandom;
import org.touchstone.conformance.data.InputData;

/**
 * What attention cases have in common, with usual values to start from: grouped-query causal
 * attention of BF16.
 */
final class AttentionDraft {
  private final DataFamily family;
  private DType dtype = DType.BF16;
  private DType output = DType.BF16;
  private long heads = 4;
  private long kvHeads = 2;
  private long headDim = 64;
  private long valueDim = 64;
  private AttentionMask mask = AttentionMask.CAUSAL;
  private float scale;
  private float softcap;
  private double sinks;
  private Scores scores = Scores.FAMILY;
  private Values values = Values.FAMILY;

  /** What the scores of a query are like. */
  enum Scores {
    /** As the family of the case has it. */
    FAMILY,
    /** All keys alike. */
    EQUAL,
    /** Every key scores higher than those before it, so each block brings a new maximum. */
    RISING,
    /** Every key scores lower than those before it. */
    FALLING,
    /** -Inf for every second run of 24 keys, the first one included. */
    MINUS_INFINITY
  }

  /** What the values are like. */
  enum Values {
    /** As the family of the case has it. */
    FAMILY,
    /** NaN in one key of four and +Inf in another, each in a few elements that no neighbour has. */
    NOT_FINITE
  }

  private AttentionDraft(DataFamily family) {
    this.family = family;
  }

  /** Starts a draft. */
  static AttentionDraft of(DataFamily family) {
    return new AttentionDraft(family);
  }

  /** Returns a draft of its own, so that a case keeps what it was made from. */
  AttentionDraft copy() {
    AttentionDraft copy = new AttentionDraft(family);
    copy.dtype = dtype;
    copy.output = output;
    copy.heads = heads;
    copy.kvHeads = kvHeads;
    copy.headDim = headDim;
    copy.valueDim = valueDim;
    copy.mask = mask;
    copy.scale = scale;
    copy.softcap = softcap;
    copy.sinks = sinks;
    copy.scores = scores;
    copy.values = values;
    return copy;
  }

  AttentionDraft types(DType inputs, DType outputs) {
    dtype = inputs;
    output = outputs;
    return this;
  }

  AttentionDraft types(DType type) {
    return types(type, type);
  }

  AttentionDraft heads(long queries, long keys) {
    heads = queries;
    kvHeads = keys;
    return this;
  }

  AttentionDraft dims(long ofKeys, long ofValues) {
    headDim = ofKeys;
    valueDim = ofValues;
    return this;
  }

  AttentionDraft dims(long both) {
    return dims(both, both);
  }

  AttentionDraft mask(AttentionMask other) {
    mask = other;
    return this;
  }

  AttentionDraft scale(double other) {
    scale = (float) other;
    return this;
  }

  AttentionDraft softcap(double other) {
    softcap = (float) other;
    return this;
  }

  /** Gives every head a sink of this magnitude, of alternating sign. */
  AttentionDraft sinks(double magnitude) {
    sinks = magnitude;
    return this;
  }

  AttentionDraft scores(Scores other) {
    scores = other;
    return this;
  }

  AttentionDraft values(Values other) {
    values = other;
    return this;
  }

  DataFamily family() {
    return family;
  }

  private Sink sink() {
    return sinks == 0 ? Sink.NONE : Sink.PER_HEAD;
  }

  private float effectiveScale() {
    return scale == 0 ? (float) (1 / Math.sqrt((double) headDim)) : scale;
  }

  AttentionPrefillSpec prefill(Packing packing) {
    return new AttentionPrefillSpec(
        dtype,
        output,
        heads,
        kvHeads,
        headDim,
        valueDim,
        effectiveScale(),
        mask,
        softcap,
        sink(),
        packing,
        Numerics.STANDARD);
  }

  AttentionDecodePagedSpec decode(DType cache, long pageSize) {
    return new AttentionDecodePagedSpec(
        dtype,
        cache,
        output,
        heads,
        kvHeads,
        headDim,
        valueDim,
        pageSize,
        effectiveScale(),
        mask,
        softcap,
        sink(),
        Numerics.STANDARD);
  }

  /** Names everything that differs. */
  TestCase.Builder label(TestCase.Builder builder) {
    builder
        .label("h", heads)
        .label("kv", kvHeads)
        .label("d", headDim)
        .label("dv", valueDim)
        .label("mask", name(mask))
        .label("in", dtype)
        .label("out", output);
    if (scale != 0) {
      builder.label("scale", scale);
    }
    if (softcap != 0) {
      builder.label("cap", softcap);
    }
    if (sinks != 0) {
      builder.label("sinks", sinks);
    }
    if (scores != Scores.FAMILY) {
      builder.label("scores", scores.name().toLowerCase(Locale.ROOT));
    }
    if (values != Values.FAMILY) {
      builder.label("values", values.name().toLowerCase(Locale.ROOT));
    }
    return family == DataFamily.EXACT_INTEGER ? builder.exactOutputs("o") : builder;
  }

  static String name(AttentionMask mask) {
    return mask.window() == 0
        ? mask.kind().name().toLowerCase(Locale.ROOT)
        : "window" + mask.window();
  }

  /**
   * Fills queries, keys, values and sinks.
   *
   * @param keyOf says which key of its sequence a token row of {@code k} holds
   */
  void fill(InputData data, String k, String v, LongUnaryOperator keyOf) {
    fillSinks(data);
    switch (family) {
      case EXACT_INTEGER -> {
        data.integers("q", -2, 2);
        data.integers(v, -8, 8);
      }
      case SATURATING -> {
        // Scores around 1e4. Values whose sum over all keys is finite, unless there is one key.
        double reach = Math.sqrt(1e4 / (0.58 * Math.sqrt((double) headDim) * effectiveScale()));
        data.large("q", reach);
        data.large(k, reach);
        if (mask.window() == 1) {
          data.floats(v);
        } else {
          data.large(v, 1e30);
        }
      }
      case SUBNORMAL -> {
        data.floats("q", DataFamily.RANDOM);
        data.floats(k, DataFamily.RANDOM);
        data.floats(v);
      }
      case RANDOM, STRUCTURED -> {
        data.floats("q");
        data.floats(k);
        data.floats(v);
      }
    }
    if (family == DataFamily.EXACT_INTEGER) {
      fillEqual(data, k);
    } else if (scores != Scores.FAMILY) {
      fillScores(data, k, keyOf);
      data.floats(v, DataFamily.RANDOM);
    }
    if (values == Values.NOT_FINITE) {
      fillNotFinite(data, v, keyOf);
    }
  }

  /** Lets key 4 j + 1 hold NaN in element j and key 4 j + 3 infinity in element -1 - j. */
  private void fillNotFinite(InputData data, String v, LongUnaryOperator keyOf) {
    CounterRandom random = data.random("value");
    data.values(
        v,
        i -> {
          long key = keyOf.applyAsLong(i / (kvHeads * valueDim));
          long from = i % valueDim - key / 4;
          long to = i % valueDim + 1 + key / 4;
          if (key % 4 == 1 && from % valueDim == 0) {
            return Double.NaN;
          }
          boolean infinite = key % 4 == 3 && to % valueDim == 0;
          return infinite ? Double.POSITIVE_INFINITY : random.normal(i);
        });
  }

  private void fillSinks(InputData data) {
    if (family == DataFamily.EXACT_INTEGER) {
      data.constant("sinks", 0);
    } else {
      data.values("sinks", h -> h % 2 == 0 ? sinks : -sinks);
    }
  }

  /** Gives all keys of a head the same small integers; none but zeros beside a sink of 0. */
  private void fillEqual(InputData data, String k) {
    CounterRandom random = data.random("key");
    long row = kvHeads * headDim;
    data.integers(k, i -> sinks == 0 ? random.below(i % row, 3) - 1 : 0);
  }

  private void fillScores(InputData data, String k, LongUnaryOperator keyOf) {
    CounterRandom random = data.random("key");
    long row = kvHeads * headDim;
    CounterRandom query = data.random("query");
    data.values("q", i -> i % headDim == 0 ? 1 : query.normal(i));
    data.values(
        k,
        i -> {
          if (scores == Scores.EQUAL) {
            return random.normal(i % row);
          }
          long key = keyOf.applyAsLong(i / row);
          if (i % headDim != 0) {
            return scores == Scores.MINUS_INFINITY ? random.normal(i) : 0;
          }
          return switch (scores) {
            case RISING -> key;
            case FALLING -> -key;
            default -> key / 24 % 2 == 0 ? Double.NEGATIVE_INFINITY : random.normal(i);
          };
        });
  }
}
