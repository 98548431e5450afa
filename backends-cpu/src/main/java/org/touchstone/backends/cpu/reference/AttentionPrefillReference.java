package org.touchstone.backends.cpu.reference;

import org.touchstone.api.Tensor;
import org.touchstone.api.op.AttentionPrefillArgs;
import org.touchstone.api.op.AttentionPrefillSpec;
import org.touchstone.api.op.AttentionPrefillSpec.Packing;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.OracleRequest;

/** {@code attention_prefill}: attention over contiguous keys, padded or packed. */
final class AttentionPrefillReference
    implements Reference<AttentionPrefillSpec, AttentionPrefillArgs> {
  @Override
  public Expectation expect(
      AttentionPrefillSpec spec,
      AttentionPrefillArgs args,
      OracleRequest request,
      CpuThreads threads) {
    Tensor q = args.q();
    Tensor queryBounds = args.cuSeqlensQ();
    Tensor keyBounds = args.cuSeqlensK();
    AttentionQueries queries =
        queryBounds != null && keyBounds != null
            ? AttentionQueries.varlen(queryBounds, keyBounds)
            : AttentionQueries.padded(q.dim(1), args.k().dim(1));
    long tokens = spec.packing() == Packing.VARLEN ? q.dim(0) : q.dim(0) * q.dim(1);
    AttentionResults results =
        new AttentionResults(request.scope(), tokens, spec.heads(), spec.valueDim());
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
            args.k(),
            args.v(),
            args.sinks(),
            queries,
            new ErrorModel(request),
            results,
            threads);
    return results.expectation(spec.output(), args.lse());
  }
}
