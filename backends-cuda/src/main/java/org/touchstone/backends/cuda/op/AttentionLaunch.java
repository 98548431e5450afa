package org.touchstone.backends.cuda.op;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AttentionMask;
import org.touchstone.backends.cuda.driver.DevicePointer;
import org.touchstone.backends.cuda.driver.KernelParams;

/**
 * The arguments of one launch as every kernel of attention takes them, for queries and keys of one
 * or two parts. For one launch.
 */
final class AttentionLaunch {
  private static final int PADDED = 0;
  private static final int VARLEN = 1;
  private static final int PAGED = 2;

  private final long heads;
  private final long kvHeads;
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
  private DevicePointer states = DevicePointer.NULL;
  private AttentionMask mask = AttentionMask.CAUSAL;
  private float scale = 1;
  private float softcap;
  private long pageSize = 1;
  private long tokens;
  private long sequences;
  private long queries;
  private long keys;
  private long splits = 1;
  private int packing;

  /** Starts a launch for {@code heads} query heads over {@code kvHeads} key heads. */
  AttentionLaunch(long heads, long kvHeads) {
    this.heads = heads;
    this.kvHeads = kvHeads;
  }

  /**
   * Elements of a head: element d of head h of token t of batch b lies at {@code b batch + t token
   * + h head + d}.
   */
  record Heads(DevicePointer pointer, long batch, long token, long head, long dim, DType type) {
    static final Heads NONE = new Heads(DevicePointer.NULL, 0, 0, 0, 0, DType.F32);

    private static final long CHUNK = 16;
    private static final long STEP = 8;

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

    /** Says whether every head starts at a multiple of 16 bytes and has a multiple of 8 numbers. */
    private boolean movesInChunks() {
      long bytes = pointer.address() | (batch | token | head) * (type.bits() / Byte.SIZE);
      return bytes % CHUNK == 0 && dim % STEP == 0;
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

  AttentionLaunch scores(AttentionMask visible, float factor, float cap) {
    mask = visible;
    scale = factor;
    softcap = cap;
    return this;
  }

  AttentionLaunch padded(long batch, long queriesOfEach, long keysOfEach) {
    packing = PADDED;
    sequences = batch;
    queries = queriesOfEach;
    keys = keysOfEach;
    tokens = batch * queriesOfEach;
    return this;
  }

  AttentionLaunch varlen(long allQueries, Tensor boundsQ, Tensor boundsK) {
    packing = VARLEN;
    cuSeqlensQ = boundsQ;
    cuSeqlensK = boundsK;
    sequences = boundsQ.dim(0) - 1;
    tokens = allQueries;
    return this;
  }

  AttentionLaunch paged(Tensor table, Tensor lengths, long page, long queriesOfEach) {
    packing = PAGED;
    blockTable = table;
    seqLens = lengths;
    pageSize = page;
    sequences = lengths.dim(0);
    queries = queriesOfEach;
    tokens = sequences * queriesOfEach;
    return this;
  }

  /** Keeps the states of {@code number} splits in the workspace. */
  AttentionLaunch splits(long number, DevicePointer workspace) {
    splits = number;
    states = workspace;
    return this;
  }

  /** Returns how many queries and heads attend. */
  long rows() {
    return tokens * heads;
  }

  long kvHeads() {
    return kvHeads;
  }

  long splits() {
    return splits;
  }

  /** Returns how many tiles of so many rows hold the queries of all sequences and one key head. */
  long tiles(int rowsOfTile) {
    long group = heads / kvHeads;
    return packing == VARLEN
        ? Math.ceilDiv(tokens * group, rowsOfTile) + sequences
        : sequences * Math.ceilDiv(queries * group, rowsOfTile);
  }

  /** Says whether all heads start at multiples of 16 bytes and are multiples of 8 long. */
  boolean movesInChunks() {
    return q1.movesInChunks()
        && q2.movesInChunks()
        && k1.movesInChunks()
        && k2.movesInChunks()
        && v.movesInChunks()
        && o.movesInChunks();
  }

  void describe(KernelParams params) {
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
        .pointer(states)
        .i64(Launches.step(blockTable, 0))
        .i64(pageSize)
        .i64(sequences)
        .i64(Math.max(1, queries))
        .i64(keys)
        .i64(mask.window())
        .i64(AttentionKernels.SPLIT_KEYS)
        .i64(splits)
        .i64(heads)
        .i64(kvHeads)
        .i32(packing)
        .i32(mask.kind() == AttentionMask.Kind.CAUSAL ? 1 : 0)
        .f32(scale)
        .f32(softcap);
  }
}
