package org.touchstone.backends.cuda.op;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Chain;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Tensor;
import org.touchstone.api.Ulps;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AttentionMask;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.driver.DevicePointer;
import org.touchstone.backends.cuda.driver.KernelParams;
import org.touchstone.backends.spi.BackendQueue;

/**
 * One launch of the kernel that attends for one query and head per block of threads, for queries
 * and keys of one or two parts.
 */
final class AttentionLaunch {
  private static final int THREADS = 128;

  /** Scores of 1024 keys and the scratch of reductions. */
  private static final int STATIC_SHARED = 5 * 1024;

  /** Products, then the blocks of 128 of which each is one sum; rescaling, sink and factor. */
  private static final Chain CHAIN = Chain.blocked(1, 128, 4);

  /** A weight is a product of exponentials: its own, one of a later block, and the sink's. */
  private static final Ulps ULPS = new Ulps(4, 1, 0.5, 2, 2);

  private Heads q1 = Heads.NONE;
  private Heads q2 = Heads.NONE;
  private Heads k1 = Heads.NONE;
  private Heads k2 = Heads.NONE;
  private Heads v = Heads.NONE;
  private Heads o = Heads.NONE;
  private @Nullable Tensor lse;
  private @Nullable Tensor sinks;
  private @Nullable Tensor cuSeqlensQ;
  private @Nullable Tensor cuSeqlensK;
  private @Nullable Tensor blockTable;
  private @Nullable Tensor seqLens;
  private long pageSize = 1;
  private long sequences;
  private long queries;
  private long keys;
  private int packing;

  /** Starts a launch. */
  AttentionLaunch() {}

  /**
   * Elements of a head: element d of head h of token t of batch b lies at {@code b batch + t token
   * + h head + d}.
   */
  record Heads(DevicePointer pointer, long batch, long token, long head, long dim, DType type) {
    static final Heads NONE = new Heads(DevicePointer.NULL, 0, 0, 0, 0, DType.F32);

    /** Takes a tensor [tokens, heads, D] or [batch, tokens, heads, D]. */
    static Heads of(Tensor tensor) {
      return new Heads(
          Launches.pointer(tensor),
          Product.batch(tensor, 4),
          Launches.step(tensor, -3),
          Launches.step(tensor, -2),
          tensor.dim(-1),
          tensor.dtype());
    }

    /** Takes {@code dim} elements of each row of a dense cache from {@code offset} on. */
    static Heads ofCache(Tensor cache, long offset, long dim, long row, long head) {
      long bytes = offset * cache.dtype().bits() / Byte.SIZE;
      return new Heads(Launches.pointer(cache).plus(bytes), 0, row, head, dim, cache.dtype());
    }

    private void describe(KernelParams params) {
      params
          .pointer(pointer)
          .i64(batch)
          .i64(token)
          .i64(head)
          .i32(Math.toIntExact(dim))
          .i32(Launches.type(type));
    }
  }

  /** Returns what the kernel declares. */
  static KernelTraits traits(CudaContext context) {
    return Launches.traits(context).with(CHAIN).with(ULPS);
  }

  /** Returns the bytes of dynamic shared memory: a query and an output. */
  static long shared(long queryDim, long valueDim) {
    return Float.BYTES * (queryDim + valueDim);
  }

  /** Says whether a block has room for a query and an output. */
  static boolean fits(long queryDim, long valueDim, CudaContext context) {
    return shared(queryDim, valueDim) <= context.sharedPerBlock() - STATIC_SHARED;
  }

  /** Loads the kernel. */
  static CudaFunction function(long queryDim, long valueDim, CudaContext context) {
    return context.function(
        "attention", "ts_attention", Math.toIntExact(shared(queryDim, valueDim)));
  }

  AttentionLaunch queries(Heads first, Heads second) {
    q1 = first;
    q2 = second;
    return this;
  }

  AttentionLaunch keys(Heads first, Heads second) {
    k1 = first;
    k2 = second;
    return this;
  }

  AttentionLaunch values(Heads heads) {
    v = heads;
    return this;
  }

  AttentionLaunch outputs(Heads heads, @Nullable Tensor logSumExp) {
    o = heads;
    lse = logSumExp;
    return this;
  }

  AttentionLaunch sinks(@Nullable Tensor tensor) {
    sinks = tensor;
    return this;
  }

  AttentionLaunch padded(long batch, long queriesOfEach, long keysOfEach) {
    sequences = batch;
    queries = queriesOfEach;
    keys = keysOfEach;
    return this;
  }

  AttentionLaunch varlen(Tensor boundsQ, Tensor boundsK) {
    packing = 1;
    cuSeqlensQ = boundsQ;
    cuSeqlensK = boundsK;
    sequences = boundsQ.dim(0) - 1;
    queries = 1;
    return this;
  }

  AttentionLaunch paged(Tensor table, Tensor lengths, long page, long queriesOfEach) {
    packing = 2;
    blockTable = table;
    seqLens = lengths;
    pageSize = page;
    sequences = lengths.dim(0);
    queries = queriesOfEach;
    return this;
  }

  /** Enqueues the kernel for {@code tokens} queries of {@code heads} heads. */
  void run(
      BackendQueue queue,
      CudaFunction kernel,
      long tokens,
      long heads,
      long kvHeads,
      AttentionMask mask,
      float scale,
      float softcap) {
    KernelParams params = new KernelParams();
    q1.describe(params);
    q2.describe(params);
    k1.describe(params);
    k2.describe(params);
    v.describe(params);
    o.describe(params);
    params
        .pointer(Launches.pointer(lse))
        .i64(lse == null ? 0 : Product.batch(lse, 3))
        .i64(Launches.step(lse, -2))
        .pointer(Launches.pointer(sinks))
        .pointer(Launches.pointer(cuSeqlensQ))
        .pointer(Launches.pointer(cuSeqlensK))
        .pointer(Launches.pointer(blockTable))
        .pointer(Launches.pointer(seqLens))
        .i64(Launches.step(blockTable, 0))
        .i64(pageSize)
        .i64(sequences)
        .i64(Math.max(1, queries))
        .i64(keys)
        .i64(mask.window())
        .i32(Math.toIntExact(heads))
        .i32(Math.toIntExact(kvHeads))
        .i32(packing)
        .i32(mask.kind() == AttentionMask.Kind.CAUSAL ? 1 : 0)
        .f32(scale)
        .f32(softcap);
    Launches.rows(
        queue,
        kernel,
        tokens * heads,
        THREADS,
        Math.toIntExact(shared(q1.dim() + q2.dim(), v.dim())),
        params);
  }
}
