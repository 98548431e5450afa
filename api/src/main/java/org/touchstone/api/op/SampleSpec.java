package org.touchstone.api.op;

import org.touchstone.api.format.DType;

/**
 * Draws one token per row from {@code softmax(logits / temperature)}. Temperature 0 takes the
 * largest logit, the lowest index on ties. Otherwise, in this order: keep logits not below the
 * {@code topK}-th largest (ties are kept); keep the smallest prefix in descending order whose share
 * of the probability kept so far reaches {@code topP} (the crossing token is kept, equal
 * probabilities by lower index); keep probabilities of at least {@code minP} times the largest;
 * renormalise; take the first index, in index order, whose cumulative probability exceeds the row's
 * uniform variate. A row without a finite or +Inf logit gives -1. NaN counts as -Inf.
 *
 * @param vocabulary V
 * @param temperature at least 0
 * @param topK 0 for all
 * @param topP in (0, 1]; 1 for all
 * @param minP in [0, 1]; 0 for all
 */
public record SampleSpec(long vocabulary, float temperature, long topK, float topP, float minP)
    implements OpSpec<SampleArgs> {
  /** Checks the ranges. */
  public SampleSpec {
    Op op = Op.SAMPLE;
    Require.positive(op, "vocabulary", vocabulary);
    Require.that(
        temperature >= 0 && Float.isFinite(temperature),
        op,
        "temperature is " + temperature + ", expected a finite number >= 0");
    Require.notNegative(op, "topK", topK);
    Require.that(topP > 0 && topP <= 1, op, "topP is " + topP + ", expected a number in (0, 1]");
    Require.that(minP >= 0 && minP <= 1, op, "minP is " + minP + ", expected a number in [0, 1]");
  }

  /** Takes the largest logit. */
  public static SampleSpec argmax(long vocabulary) {
    return new SampleSpec(vocabulary, 0, 0, 1, 0);
  }

  /** Returns whether uniform variates are needed. */
  public boolean random() {
    return temperature > 0;
  }

  @Override
  public Op op() {
    return Op.SAMPLE;
  }

  @Override
  public Class<SampleArgs> argsType() {
    return SampleArgs.class;
  }

  @Override
  public Signature signature() {
    Dim rows = Dim.of("T");
    return Signature.of(op())
        .in("logits", DType.F32, rows, Dim.of(vocabulary))
        .inIf(random(), "uniform", DType.F32, rows)
        .out("ids", DType.I32, rows)
        .build();
  }
}
