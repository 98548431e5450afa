package org.touchstone.tools.peers;

import org.touchstone.api.op.AttentionDecodePagedSpec;
import org.touchstone.api.op.AttentionPrefillSpec;

/**
 * Attention with the queries of one key head side by side, and the scale already in them.
 *
 * @param outer sequences times key heads
 * @param groups query heads of a key head that are a dimension of their own
 * @param rows queries of a group
 * @param keys keys of a sequence
 * @param dim D
 * @param mask which keys a query sees
 * @param q [outer, groups, rows, dim]
 * @param k [outer, keys, dim]
 * @param v [outer, keys, dim]
 */
@SuppressWarnings("ArrayRecordComponent") // data to hand over; nobody compares two of them
record Attention(
    int outer, int groups, int rows, int keys, int dim, Mask mask, float[] q, float[] k, float[] v)
    implements Problem {
  /** Which keys a query sees. */
  enum Mask {
    /** All. */
    NONE,
    /** Those up to its own position. */
    CAUSAL
  }

  static Attention decode(AttentionDecodePagedSpec spec, Problem.Inputs inputs) {
    int batch = Math.toIntExact(inputs.at("q").dim(0));
    int heads = Math.toIntExact(spec.heads());
    int kvHeads = Math.toIntExact(spec.kvHeads());
    int dim = Math.toIntExact(spec.headDim());
    int keys = Matrix.of(inputs.at("seqLens"), 1).integer(0);
    float[] k = new float[batch * kvHeads * keys * dim];
    float[] v = new float[k.length];
    PagedRows keyRows = new PagedRows(inputs.at("kCache"), inputs.at("blockTable"));
    PagedRows valueRows = new PagedRows(inputs.at("vCache"), inputs.at("blockTable"));
    for (int b = 0; b < batch; b++) {
      for (int h = 0; h < kvHeads; h++) {
        int at = (b * kvHeads + h) * keys * dim;
        keyRows.gather(b, keys, h * dim, dim, k, at);
        valueRows.gather(b, keys, h * dim, dim, v, at);
      }
    }
    float[] q = scaled(Matrix.of(inputs.at("q"), batch * heads).all(), spec.scale());
    return new Attention(batch * kvHeads, 1, heads / kvHeads, keys, dim, Mask.NONE, q, k, v);
  }

  static Attention prefill(AttentionPrefillSpec spec, Problem.Inputs inputs) {
    int tokens = Math.toIntExact(inputs.at("q").dim(1));
    int heads = Math.toIntExact(spec.heads());
    int kvHeads = Math.toIntExact(spec.kvHeads());
    int dim = Math.toIntExact(spec.headDim());
    return new Attention(
        kvHeads,
        heads / kvHeads,
        tokens,
        tokens,
        dim,
        Mask.CAUSAL,
        scaled(swapped(Matrix.of(inputs.at("q"), tokens).all(), tokens, heads, dim), spec.scale()),
        swapped(Matrix.of(inputs.at("k"), tokens).all(), tokens, kvHeads, dim),
        swapped(Matrix.of(inputs.at("v"), tokens).all(), tokens, kvHeads, dim));
  }

  /** Brings a result [outer, groups, rows, dim] into the operator's order. */
  float[] inOrderOfOperator(float[] o) {
    return mask == Mask.NONE ? o : swapped(o, outer * groups, rows, dim);
  }

  /** Turns [first, second, dim] into [second, first, dim]. */
  private static float[] swapped(float[] x, int first, int second, int dim) {
    float[] y = new float[x.length];
    for (int i = 0; i < first; i++) {
      for (int j = 0; j < second; j++) {
        System.arraycopy(x, (i * second + j) * dim, y, (j * first + i) * dim, dim);
      }
    }
    return y;
  }

  static float[] scaled(float[] x, float scale) {
    for (int i = 0; i < x.length; i++) {
      x[i] *= scale;
    }
    return x;
  }
}
