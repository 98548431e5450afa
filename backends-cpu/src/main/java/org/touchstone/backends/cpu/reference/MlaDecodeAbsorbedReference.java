package org.touchstone.backends.cpu.reference;

import org.touchstone.api.op.MlaDecodeAbsorbedArgs;
import org.touchstone.api.op.MlaDecodeAbsorbedSpec;
import org.touchstone.api.op.MlaDims;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.cpu.reference.ExpandedHead.Bounded;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.OracleRequest;

/**
 * {@code mla_decode_absorbed}: {@code ql_h = W_UK_h^T qn_h}, attention of {@code [ql_h | qr_h]}
 * over cached tokens {@code [c | kr]} with the values {@code c}, then {@code o_h = W_UV_h u_h}.
 * Source: DeepSeek-V2 (arXiv 2405.04434).
 */
final class MlaDecodeAbsorbedReference
    implements Reference<MlaDecodeAbsorbedSpec, MlaDecodeAbsorbedArgs> {
  @Override
  public Expectation expect(
      MlaDecodeAbsorbedSpec spec,
      MlaDecodeAbsorbedArgs args,
      OracleRequest request,
      CpuThreads threads) {
    MlaDims dims = spec.dims();
    ErrorModel model = new ErrorModel(request);
    int latent = Math.toIntExact(dims.latentDim());
    int nope = Math.toIntExact(dims.nopeDim());
    int rope = Math.toIntExact(dims.ropeDim());
    int cached = Math.toIntExact(dims.cachedDim());
    double[] qNope = HostTensors.doubles(args.qNope());
    double[] qRope = HostTensors.doubles(args.qRope());
    double[] cache = HostTensors.doubles(args.kvCache());
    long perSequence = args.qNope().dim(1);
    AttentionQueries queries =
        AttentionQueries.paged(perSequence, args.blockTable(), args.seqLens(), spec.pageSize());
    AttentionResults results =
        new AttentionResults(
            request.scope(), args.qNope().dim(0) * perSequence, dims.heads(), dims.valueDim());
    for (int head = 0; head < results.heads().length; head++) {
      long h = results.heads()[head];
      ExpandedHead weights = new ExpandedHead(model, dims, args.wKvb(), h);
      int of = head;
      threads.forEach(
          results.tokens().length,
          1L << 17,
          token -> {
            long row = results.tokens()[(int) token];
            AttentionQueries.Query at = queries.locate(row);
            int first = Math.toIntExact(spec.mask().first(at.position()));
            int end = Math.toIntExact(spec.mask().end(at.position(), at.keys()));
            AttentionRow inner =
                new AttentionRow(model, spec.scale(), 0, Math.max(0, end - first), latent);
            int queryRow = Math.toIntExact(row * dims.heads() + h);
            Bounded absorbed = weights.absorb(qNope, queryRow * nope);
            for (int j = first; j < end; j++) {
              int k = Math.toIntExact(at.keyRow().applyAsLong(j) * cached);
              inner.products(absorbed.values(), absorbed.errors(), 0, cache, null, k, latent);
              inner.products(qRope, queryRow * rope, cache, k + latent, rope);
              inner.key(k);
            }
            inner.finish(cache, null, Double.NEGATIVE_INFINITY);
            results.putLogSumExp((int) token, of, inner);
            Bounded u = weights.latentOutput(inner);
            for (int d = 0; d < dims.valueDim(); d++) {
              Rounded o = weights.value(d, u);
              results.put((int) token, of, d, o.value(), AttentionRow.settle(o.value(), o.error()));
            }
          });
    }
    return results.expectation(spec.output(), args.lse());
  }
}
