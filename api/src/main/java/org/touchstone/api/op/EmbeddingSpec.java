package org.touchstone.api.op;

import org.touchstone.api.format.DType;

/**
 * Gathers rows of a table: {@code y[t] = round(scale * table[ids[t]])}. Id -1 means "none" and
 * gives a row of zeros; any other id outside the table gives a row of NaN.
 *
 * @param vocabulary rows of the table
 * @param hidden H
 * @param table F32 or BF16
 * @param output F32 or BF16
 * @param scale multiplier, 1 for none
 */
public record EmbeddingSpec(long vocabulary, long hidden, DType table, DType output, float scale)
    implements OpSpec<EmbeddingArgs> {
  /** Checks types and ranges. */
  public EmbeddingSpec {
    Require.positive(Op.EMBEDDING, "vocabulary", vocabulary);
    Require.positive(Op.EMBEDDING, "hidden", hidden);
    Require.oneOf(Op.EMBEDDING, "table", table, DType.F32, DType.BF16);
    Require.oneOf(Op.EMBEDDING, "output", output, DType.F32, DType.BF16);
    Require.finite(Op.EMBEDDING, "scale", scale);
  }

  @Override
  public Op op() {
    return Op.EMBEDDING;
  }

  @Override
  public Class<EmbeddingArgs> argsType() {
    return EmbeddingArgs.class;
  }

  @Override
  public Signature signature() {
    return Signature.of(op())
        .in("ids", DType.I32, Dim.of("T"))
        .in("table", table, Dim.of(vocabulary), Dim.of(hidden))
        .out("y", output, Dim.of("T"), Dim.of(hidden))
        .build();
  }
}
