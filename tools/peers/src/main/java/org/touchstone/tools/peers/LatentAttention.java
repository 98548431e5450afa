package org.touchstone.tools.peers;

import org.touchstone.api.op.MlaDecodeAbsorbedSpec;

/**
 * Absorbed latent attention of one sequence, the scale already in the queries.
 *
 * @param heads query heads
 * @param keys cached tokens
 * @param latent width of the latent
 * @param rope width of the rotated part
 * @param nope width of a query without positions
 * @param value width of a head's output
 * @param qNope [heads, nope]
 * @param qRope [heads, rope]
 * @param cache [keys, latent + rope]
 * @param up [heads, nope, latent], the keys' half of the up projection
 * @param out [heads, value, latent], the values' half
 */
@SuppressWarnings("ArrayRecordComponent") // data to hand over; nobody compares two of them
record LatentAttention(
    int heads,
    int keys,
    int latent,
    int rope,
    int nope,
    int value,
    float[] qNope,
    float[] qRope,
    float[] cache,
    float[] up,
    float[] out)
    implements Problem {
  static LatentAttention of(MlaDecodeAbsorbedSpec spec, Problem.Inputs inputs) {
    int heads = Math.toIntExact(spec.dims().heads());
    int latent = Math.toIntExact(spec.dims().latentDim());
    int rope = Math.toIntExact(spec.dims().ropeDim());
    int nope = Math.toIntExact(spec.dims().nopeDim());
    int value = Math.toIntExact(spec.dims().valueDim());
    int keys = Matrix.of(inputs.at("seqLens"), 1).integer(0);
    float[] cache = new float[keys * (latent + rope)];
    new PagedRows(inputs.at("kvCache"), inputs.at("blockTable"))
        .gather(0, keys, 0, latent + rope, cache, 0);
    Matrix weight = Matrix.of(inputs.at("wKvb"), heads * (nope + value));
    float[] up = new float[heads * nope * latent];
    float[] out = new float[heads * value * latent];
    for (int h = 0; h < heads; h++) {
      int first = h * (nope + value);
      System.arraycopy(weight.rows(first, nope), 0, up, h * nope * latent, nope * latent);
      System.arraycopy(
          weight.rows(first + nope, value), 0, out, h * value * latent, value * latent);
    }
    return new LatentAttention(
        heads,
        keys,
        latent,
        rope,
        nope,
        value,
        Attention.scaled(Matrix.of(inputs.at("qNope"), heads).all(), spec.scale()),
        Attention.scaled(Matrix.of(inputs.at("qRope"), heads).all(), spec.scale()),
        cache,
        up,
        out);
  }
}
