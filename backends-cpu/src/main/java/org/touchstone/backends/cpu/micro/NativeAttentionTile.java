package org.touchstone.backends.cpu.micro;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.touchstone.api.format.DType;

/**
 * Attention by the native library, in FP32. Keys of many queries are transposed, so that a lane is
 * a key, one block at a time; those of few are read where they lie, many blocks in a call.
 */
final class NativeAttentionTile extends AttentionTile {
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;
  private static final ValueLayout.OfFloat PARTIAL = ValueLayout.JAVA_FLOAT_UNALIGNED;

  /** Columns that the native side computes at a time, at most. */
  static final int WIDTH = 32;

  /** Blocks of a call that reads keys where they lie, at most. */
  private static final int BLOCKS = 8;

  /** Longs of a run of keys: two addresses, two pitches, a number of keys. */
  private static final int RUN = 5;

  /** Rows of joined heads are rounded up to less than twice as many. */
  private static final long SCORE_BYTES = 2L * ROWS * KEYS * Float.BYTES;

  // Offsets in ts_attention_args.
  private static final long QUERIES = 0;
  private static final long KEYS_AT = 8;
  private static final long VALUES_AT = 16;
  private static final long SCORES = 24;
  private static final long OUTPUTS = 32;
  private static final long LARGEST = 40;
  private static final long SUMS = 48;
  private static final long FIRST = 56;
  private static final long END = 64;
  private static final long ROW_COUNT = 72;
  private static final long DEPTH = 76;
  private static final long QUERY_WIDTH = 80;
  private static final long VALUE_WIDTH = 84;
  private static final long BLOCK = 88;
  private static final long AT = 92;
  private static final long STOP = 96;
  private static final long VALUE_PITCH = 100;
  private static final long SCALE = 104;
  private static final long SOFTCAP = 108;
  private static final long RUNS = 112;
  private static final long TYPE = 120;
  private static final long HEADS = 124;
  private static final long KEY_STEP = 128;
  private static final long VALUE_STEP = 136;
  private static final long ARGUMENTS = 192;

  private static final ThreadLocal<NativeAttentionTile> SCRATCH =
      ThreadLocal.withInitial(NativeAttentionTile::new);

  private final MemorySegment arguments;
  private final MemorySegment largest;
  private final MemorySegment sums;
  private final MemorySegment first;
  private final MemorySegment end;
  private final MemorySegment runs;
  private MemorySegment queries = MemorySegment.NULL;
  private MemorySegment keys = MemorySegment.NULL;
  private MemorySegment values = MemorySegment.NULL;
  private MemorySegment outputs = MemorySegment.NULL;
  private int set;
  private int valueDim;
  private int queryWidth;
  private int valueWidth;
  private int valuePitch;
  private Values where = Values.SEPARATE;
  private Sharing sharing = Sharing.MANY;
  private int depth;
  private int runCount;
  private int pending;
  private int firstBlock;
  private int firstAt;
  private int lastStop;

  private NativeAttentionTile() {
    long list = (long) ROWS * Float.BYTES;
    MemorySegment all =
        Arena.ofAuto()
            .allocate(
                ARGUMENTS + 4 * list + SCORE_BYTES + (long) BLOCKS * KEYS * RUN * Long.BYTES, 64);
    arguments = all.asSlice(0, ARGUMENTS);
    largest = all.asSlice(ARGUMENTS, list);
    sums = all.asSlice(ARGUMENTS + list, list);
    first = all.asSlice(ARGUMENTS + 2 * list, list);
    end = all.asSlice(ARGUMENTS + 3 * list, list);
    long scores = ARGUMENTS + 4 * list;
    arguments.set(LONG, SCORES, all.asSlice(scores).address());
    runs = all.asSlice(scores + SCORE_BYTES);
    arguments.set(LONG, RUNS, runs.address());
    arguments.set(LONG, LARGEST, largest.address());
    arguments.set(LONG, SUMS, sums.address());
    arguments.set(LONG, FIRST, first.address());
    arguments.set(LONG, END, end.address());
  }

  /** Returns the calling thread's tile, without rows. */
  static NativeAttentionTile of(
      InstructionSet set, long depth, long valueDim, Values where, Sharing sharing) {
    NativeAttentionTile tile = SCRATCH.get();
    tile.prepare(set, Math.toIntExact(depth), Math.toIntExact(valueDim), where, sharing);
    return tile;
  }

  private void prepare(
      InstructionSet instructions,
      int keyElements,
      int valueElements,
      Values values,
      Sharing queriesOfKey) {
    set = instructions.code();
    where = values;
    depth = keyElements;
    // Rows that lie in the cache cannot be padded.
    sharing =
        depth % WIDTH == 0 && valueElements % WIDTH == 0 && values == Values.SEPARATE
            ? queriesOfKey
            : Sharing.MANY;
    runCount = 0;
    pending = 0;
    valueDim = valueElements;
    queryWidth = padded(depth);
    valueWidth = padded(valueDim);
    // Values a power of two apart would share a few sets of the cache.
    valuePitch = valueWidth + WIDTH / 2;
    // The last vector of a row may end in the next one.
    queries = atLeast(queries, (long) ROWS * queryWidth + WIDTH);
    // Queries of joined heads take twice the memory of a block of keys, their sums that of values.
    keys = atLeast(keys, 2L * KEYS * queryWidth);
    this.values = atLeast(this.values, (long) KEYS * valuePitch);
    outputs = atLeast(outputs, (long) ROWS * valueWidth);
    arguments.set(LONG, QUERIES, queries.address());
    arguments.set(LONG, KEYS_AT, keys.address());
    arguments.set(LONG, VALUES_AT, this.values.address());
    arguments.set(LONG, OUTPUTS, outputs.address());
    arguments.set(INT, DEPTH, depth);
    arguments.set(INT, QUERY_WIDTH, queryWidth);
    arguments.set(INT, VALUE_WIDTH, valueWidth);
    arguments.set(INT, VALUE_PITCH, valuePitch);
    arguments.set(INT, HEADS, 0);
    clear();
  }

  @Override
  public void join(int heads, long keyStep, long valueStep) {
    arguments.set(INT, HEADS, heads);
    arguments.set(LONG, KEY_STEP, keyStep);
    arguments.set(LONG, VALUE_STEP, valueStep);
  }

  private static int padded(int elements) {
    return Math.ceilDiv(elements, WIDTH) * WIDTH;
  }

  private static MemorySegment atLeast(MemorySegment memory, long floats) {
    long bytes = floats * Float.BYTES;
    return memory.byteSize() >= bytes ? memory : Arena.ofAuto().allocate(bytes, 64);
  }

  @Override
  protected void reset(int row) {
    largest.setAtIndex(FLOAT, row, Float.NEGATIVE_INFINITY);
    sums.setAtIndex(FLOAT, row, 0);
    first.setAtIndex(INT, row, first(row));
    end.setAtIndex(INT, row, end(row));
    long bytes = (long) valueWidth * Float.BYTES;
    outputs.asSlice(row * bytes, bytes).fill((byte) 0);
  }

  @Override
  public void query(
      int row, int element, MemorySegment from, long byteOffset, DType dtype, int elements) {
    long at = ((long) row * queryWidth + element) * Float.BYTES;
    NativeCalls.attentionRows(
        set,
        from.address() + byteOffset,
        0,
        NativeKernels.code(dtype),
        1,
        elements,
        0,
        queries.address() + at,
        0);
  }

  @Override
  public void keys(
      int at,
      int count,
      int element,
      MemorySegment from,
      long byteOffset,
      long pitch,
      DType dtype,
      int elements) {
    if (sharing == Sharing.FEW) {
      arguments.set(INT, TYPE, NativeKernels.code(dtype));
      long run = (long) runCount++ * RUN;
      runs.setAtIndex(LONG, run, from.address() + byteOffset);
      runs.setAtIndex(LONG, run + 2, pitch);
      runs.setAtIndex(LONG, run + 4, count);
      return;
    }
    NativeCalls.attentionKeys(
        set,
        from.address() + byteOffset,
        pitch,
        NativeKernels.code(dtype),
        count,
        elements,
        at,
        keys.address() + (long) element * KEYS * Float.BYTES);
    if (where == Values.IN_KEYS && element == 0) {
      values(at, count, from, byteOffset, pitch, dtype);
    }
  }

  @Override
  public void values(
      int at, int count, MemorySegment from, long byteOffset, long pitch, DType dtype) {
    if (sharing == Sharing.FEW) {
      // Values follow their keys.
      long run = (runCount - 1L) * RUN;
      runs.setAtIndex(LONG, run + 1, from.address() + byteOffset);
      runs.setAtIndex(LONG, run + 3, pitch);
      return;
    }
    NativeCalls.attentionRows(
        set,
        from.address() + byteOffset,
        pitch,
        NativeKernels.code(dtype),
        count,
        valueDim,
        valueWidth,
        values.address() + (long) at * valuePitch * Float.BYTES,
        valuePitch);
  }

  @Override
  protected void attend(int block, int at, int stop, float scale, float softcap) {
    if (sharing == Sharing.FEW) {
      if (pending == 0) {
        firstBlock = block;
        firstAt = at;
      }
      lastStop = block - firstBlock + stop;
      if (++pending == BLOCKS) {
        complete(scale, softcap);
      }
      return;
    }
    arguments(block, at, stop, scale, softcap);
    NativeCalls.attentionBlock(set, arguments.address());
  }

  @Override
  protected void complete(float scale, float softcap) {
    if (pending > 0) {
      arguments(firstBlock, firstAt, lastStop, scale, softcap);
      NativeCalls.attentionCached(set, arguments.address());
      pending = 0;
      runCount = 0;
    }
  }

  private void arguments(int block, int at, int stop, float scale, float softcap) {
    arguments.set(INT, ROW_COUNT, rows());
    arguments.set(INT, BLOCK, block);
    arguments.set(INT, AT, at);
    arguments.set(INT, STOP, stop);
    arguments.set(FLOAT, SCALE, scale);
    arguments.set(FLOAT, SOFTCAP, softcap);
  }

  private long output(int row) {
    return (long) row * valueWidth * Float.BYTES;
  }

  @Override
  public void store(int row, MemorySegment to, long byteOffset) {
    to.set(PARTIAL, byteOffset, largest.getAtIndex(FLOAT, row));
    to.set(PARTIAL, byteOffset + Float.BYTES, sums.getAtIndex(FLOAT, row));
    MemorySegment.copy(
        outputs, output(row), to, byteOffset + 2L * Float.BYTES, (long) valueDim * Float.BYTES);
  }

  @Override
  public void merge(int row, MemorySegment partials, long byteOffset, int count) {
    NativeCalls.attentionMerge(
        set, arguments.address(), row, partials.address() + byteOffset, count, valueDim);
  }

  @Override
  public float logSumExp(int row) {
    return (float) (largest.getAtIndex(FLOAT, row) + StrictMath.log(sums.getAtIndex(FLOAT, row)));
  }

  @Override
  public void output(int row, float sink, MemorySegment to, long byteOffset, DType dtype) {
    float top = largest.getAtIndex(FLOAT, row);
    float divisor = 1;
    if (top != Float.NEGATIVE_INFINITY) {
      divisor = sums.getAtIndex(FLOAT, row);
      if (sink != Float.NEGATIVE_INFINITY) {
        float most = Math.max(top, sink);
        NativeCalls.attentionScale(
            set, outputs.address() + output(row), valueWidth, exp((double) top - most));
        divisor = divisor * exp((double) top - most) + exp((double) sink - most);
      }
    }
    NativeCalls.attentionOutput(
        set,
        outputs.address() + output(row),
        divisor,
        valueDim,
        NativeKernels.code(dtype),
        to.address() + byteOffset);
  }
}
