package org.touchstone.backends.cpu.reference;

import org.touchstone.api.Tensor;
import org.touchstone.api.op.AttentionDecodePagedArgs;
import org.touchstone.api.op.AttentionDecodePagedSpec;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.OracleRequest;

/** {@code attention_decode_paged}: attention over the pages of a cache. */
final class AttentionDecodePagedReference
    implements Reference<AttentionDecodePagedSpec, AttentionDecodePagedArgs> {
  @Override
  public Expectation expect(
      AttentionDecodePagedSpec spec,
      AttentionDecodePagedArgs args,
      OracleRequest request,
      CpuThreads threads) {
    Tensor q = args.q();
    AttentionResults results =
        new AttentionResults(request.scope(), q.dim(0) * q.dim(1), spec.heads(), spec.valueDim());
    new GroupedAttention(
            spec.heads(),
            spec.kvHeads(),
            spec.headDim(),
            spec.valueDim(),
            spec.scale(),
            spec.mask(),
            spec.softcap())
        .run(
            q,
            args.kCache(),
            args.vCache(),
            args.sinks(),
            AttentionQueries.paged(q.dim(1), args.blockTable(), args.seqLens(), spec.pageSize()),
            new ErrorModel(request),
            results,
            threads);
    return results.expectation(spec.output(), args.lse());
  }
}
