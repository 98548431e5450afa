package org.touchstone.backends.cpu.reference;

import org.touchstone.api.op.MlaDims;
import org.touchstone.api.op.MlaPrefillArgs;
import org.touchstone.api.op.MlaPrefillSpec;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.cpu.reference.ExpandedHead.Bounded;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.OracleRequest;

/**
 * {@code mla_prefill}: {@code k_h = [W_UK_h c | kr]}, {@code v_h = W_UV_h c}, then attention with
 * one key head per query head. Source: DeepSeek-V2 (arXiv 2405.04434).
 */
final class MlaPrefillReference implements Reference<MlaPrefillSpec, MlaPrefillArgs> {
  @Override
  public Expectation expect(
      MlaPrefillSpec spec, MlaPrefillArgs args, OracleRequest request, CpuThreads threads) {
    MlaDims dims = spec.dims();
    ErrorModel model = new ErrorModel(request);
    int latentDim = Math.toIntExact(dims.latentDim());
    int nope = Math.toIntExact(dims.nopeDim());
    int rope = Math.toIntExact(dims.ropeDim());
    int valueDim = Math.toIntExact(dims.valueDim());
    double[] qNope = HostTensors.doubles(args.qNope());
    double[] qRope = HostTensors.doubles(args.qRope());
    double[] latent = HostTensors.doubles(args.latent());
    double[] keyRope = HostTensors.doubles(args.keyRope());
    AttentionQueries queries = AttentionQueries.varlen(args.cuSeqlensQ(), args.cuSeqlensK());
    AttentionResults results =
        new AttentionResults(request.scope(), args.qNope().dim(0), dims.heads(), dims.valueDim());
    int keys = Math.toIntExact(args.latent().dim(0));
    for (int head = 0; head < results.heads().length; head++) {
      long h = results.heads()[head];
      ExpandedHead weights = new ExpandedHead(model, dims, args.wKvb(), h);
      Bounded key = new Bounded(Math.multiplyExact(keys, nope));
      Bounded value = new Bounded(Math.multiplyExact(keys, valueDim));
      threads.forEach(
          keys,
          1L << 17,
          j -> {
            weights.keys(latent, (int) j * latentDim, key, (int) j * nope);
            weights.values(latent, (int) j * latentDim, value, (int) j * valueDim);
          });
      int of = head;
      threads.forEach(
          results.tokens().length,
          1L << 17,
          token -> {
            long row = results.tokens()[(int) token];
            AttentionQueries.Query at = queries.locate(row);
            int first = Math.toIntExact(spec.mask().first(at.position()));
            int end = Math.toIntExact(spec.mask().end(at.position(), at.keys()));
            AttentionRow answer =
                new AttentionRow(model, spec.scale(), 0, Math.max(0, end - first), valueDim);
            int queryRow = Math.toIntExact(row * dims.heads() + h);
            for (int j = first; j < end; j++) {
              int k = Math.toIntExact(at.keyRow().applyAsLong(j));
              answer.products(
                  qNope, null, queryRow * nope, key.values(), key.errors(), k * nope, nope);
              answer.products(qRope, queryRow * rope, keyRope, k * rope, rope);
              answer.key(k * valueDim);
            }
            answer.finish(value.values(), value.errors(), Double.NEGATIVE_INFINITY);
            results.put((int) token, of, answer);
          });
    }
    return results.expectation(spec.output(), args.lse());
  }
}
