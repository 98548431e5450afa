package org.touchstone.backends.cpu.micro;

import java.lang.foreign.MemorySegment;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AttentionMask;

/**
 * Blockwise softmax attention of up to {@link #ROWS} queries: the recurrence of FlashAttention-2
 * (arXiv 2307.08691). Keys come in blocks that start at multiples of {@link #KEYS} in their
 * sequence, so the bits of a row depend on its own keys alone.
 *
 * <p>A row is rescaled only when its largest score grows by more than {@link #HEADROOM}: sums stay
 * far from overflow, and a weight that still matters passes through no more than one rescaling.
 *
 * <p>Scratch memory of one thread.
 */
public abstract class AttentionTile {
  /** Queries of a tile. */
  public static final int ROWS = 64;

  /** Keys of a block. */
  public static final int KEYS = 64;

  /** How far, as a logarithm, weights may grow above 1 before a row is rescaled. */
  protected static final float HEADROOM = 8;

  private final int[] first = new int[ROWS];
  private final int[] end = new int[ROWS];
  private int rows;

  /** Where the values of a block lie. */
  public enum Values {
    /** On their own: a source gives them. */
    SEPARATE,
    /** The first elements of a key are its value. */
    IN_KEYS
  }

  /** How many queries share a key, which decides what its way into registers may cost. */
  public enum Sharing {
    /** Many: keys are brought into the order that multiplies fastest. */
    MANY,
    /** Few: keys are read where they lie, if their elements allow it. */
    FEW;

    /** Queries that transposing a key pays for; measured with AVX2 at 128 elements. */
    private static final long MANY_FROM = 24;

    /** Returns what a number of queries is. */
    public static Sharing of(long queries) {
      return queries < MANY_FROM ? FEW : MANY;
    }
  }

  /** Fills a block of keys and values. */
  @FunctionalInterface
  public interface Source {
    /**
     * Gives keys {@code firstKey .. firstKey + count - 1} of the sequence to places {@code at ..}
     * by {@link #keys} and {@link #values}.
     */
    void load(AttentionTile tile, int firstKey, int count, int at);
  }

  /** Creates a tile without rows. */
  protected AttentionTile() {}

  /** Returns the number of queries. */
  public final int rows() {
    return rows;
  }

  /** Forgets all queries. */
  public final void clear() {
    rows = 0;
  }

  /**
   * Adds a query that sees the keys {@code firstKey .. endKey - 1}; the caller gives it by {@link
   * #query}.
   *
   * @return its row
   */
  public final int add(long firstKey, long endKey) {
    first[rows] = Math.toIntExact(firstKey);
    end[rows] = Math.toIntExact(Math.max(firstKey, endKey));
    reset(rows);
    return rows++;
  }

  /** Adds a query at a position of a sequence of some keys; see {@link #add(long, long)}. */
  public final int add(AttentionMask mask, long position, long keys) {
    return add(mask.first(position), mask.end(position, keys));
  }

  /**
   * Makes a tile whose queries are few one of several key heads: as many rows of the first, then of
   * the next. What a source gives are the keys and values of the first. Only for the tiles that
   * {@link MicroKernels#joinedAttentionTraits} tells of, and then always, for one key head too.
   *
   * @param heads key heads
   * @param keyStep bytes from a key to that of the next head
   * @param valueStep bytes from a value to that of the next head
   */
  public void join(int heads, long keyStep, long valueStep) {
    throw new UnsupportedOperationException("no tile of several key heads");
  }

  /** Returns the first key that a row sees. */
  protected final int first(int row) {
    return first[row];
  }

  /** Returns the end of the keys that a row sees. */
  protected final int end(int row) {
    return end[row];
  }

  /** Makes a row one that has seen no key. */
  protected abstract void reset(int row);

  /** Reads elements {@code element ..} of a query. */
  public abstract void query(
      int row, int element, MemorySegment from, long byteOffset, DType dtype, int elements);

  /**
   * Reads elements {@code element ..} of keys that lie {@code pitch} bytes apart; their values,
   * too, when these are in the keys.
   */
  public abstract void keys(
      int at,
      int count,
      int element,
      MemorySegment from,
      long byteOffset,
      long pitch,
      DType dtype,
      int elements);

  /** Reads values that lie {@code pitch} bytes apart. */
  public abstract void values(
      int at, int count, MemorySegment from, long byteOffset, long pitch, DType dtype);

  /**
   * Attends over the visible keys in {@code firstKey .. endKey - 1}.
   *
   * @param firstKey a multiple of {@link #KEYS}
   */
  public final void attend(Source source, long firstKey, long endKey, float scale, float softcap) {
    int low = Integer.MAX_VALUE;
    int high = 0;
    for (int r = 0; r < rows; r++) {
      if (first[r] < end[r]) {
        low = Math.min(low, first[r]);
        high = Math.max(high, end[r]);
      }
    }
    low = (int) Math.max(low, firstKey);
    high = (int) Math.min(high, endKey);
    for (int block = low - low % KEYS; block < high; block += KEYS) {
      int at = Math.max(block, low) - block;
      int stop = Math.min(block + KEYS, high) - block;
      source.load(this, block + at, stop - at, at);
      attend(block, at, stop, scale, softcap);
    }
    complete(scale, softcap);
  }

  /** Attends over the keys at places {@code at .. stop - 1} of the block that starts at a key. */
  protected abstract void attend(int block, int at, int stop, float scale, float softcap);

  /** Attends over what {@link #attend(int, int, int, float, float)} put off. */
  protected void complete(float scale, float softcap) {}

  /** Returns the floats of a partial result: largest score, sum, unnormalised output. */
  public static long partialFloats(long valueDim) {
    return valueDim + 2;
  }

  /** Writes the partial result of a row. */
  public abstract void store(int row, MemorySegment to, long byteOffset);

  /** Adds {@code count} adjacent partial results, in their order, to a row that is still empty. */
  public abstract void merge(int row, MemorySegment partials, long byteOffset, int count);

  /** Returns the natural log-sum-exp of a row, without a sink. */
  public abstract float logSumExp(int row);

  /**
   * Writes the normalised output of a row; zeros when it saw no key.
   *
   * @param sink the sink's logit; -Inf for none
   */
  public abstract void output(int row, float sink, MemorySegment to, long byteOffset, DType dtype);

  /** Computes an exponential in FP64, rounded once: the same bits in every tier of the JVM. */
  protected static float exp(double x) {
    return (float) StrictMath.exp(x);
  }
}
