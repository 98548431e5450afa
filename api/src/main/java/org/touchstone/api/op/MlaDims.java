package org.touchstone.api.op;

/**
 * Dimensions of multi-head latent attention.
 *
 * @param heads query heads
 * @param latentDim dc, the latent part of a cached token
 * @param nopeDim dn, the part of a query without positions
 * @param ropeDim dr, the rotary part, shared by all heads in the cache
 * @param valueDim dv
 */
public record MlaDims(long heads, long latentDim, long nopeDim, long ropeDim, long valueDim) {
  /** DeepSeek-V3: 128 heads, 512 + 64 cached, 128 + 64 per query, 128 per value. */
  public static final MlaDims DEEPSEEK_V3 = new MlaDims(128, 512, 128, 64, 128);

  /** Checks the ranges. */
  public MlaDims {
    Require.positive(Op.MLA_PREFILL, "heads", heads);
    Require.positive(Op.MLA_PREFILL, "latentDim", latentDim);
    Require.positive(Op.MLA_PREFILL, "nopeDim", nopeDim);
    Require.positive(Op.MLA_PREFILL, "ropeDim", ropeDim);
    Require.positive(Op.MLA_PREFILL, "valueDim", valueDim);
  }

  /** Returns the elements of a cached token. */
  public long cachedDim() {
    return latentDim + ropeDim;
  }

  /** Returns the rows of W_kvb: per head dn rows of keys, then dv rows of values. */
  public long expandedRows() {
    return heads * (nopeDim + valueDim);
  }
}
