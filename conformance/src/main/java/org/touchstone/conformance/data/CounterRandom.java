package org.touchstone.conformance.data;

/**
 * A stream of random numbers that are functions of their index, so that data do not depend on the
 * order or the thread in which they are made. The mixing function is SplitMix64's (Steele, Lea and
 * Flood, "Fast splittable pseudorandom number generators", 2014).
 *
 * @param key identifies the stream
 */
public record CounterRandom(long key) {
  private static final long GAMMA = 0x9E3779B97F4A7C15L;

  /** Returns the stream of a name within a case. */
  public static CounterRandom of(String caseName, String stream) {
    return new CounterRandom(hash(hash(0xCBF29CE484222325L, caseName), '\n' + stream));
  }

  private static long hash(long seed, String text) {
    long hash = seed;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * 0x100000001B3L;
    }
    return mix(hash);
  }

  private static long mix(long value) {
    long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /** Returns 64 random bits. */
  public long bits(long index) {
    return mix(key + (index + 1) * GAMMA);
  }

  /** Returns a number in [0, 1), a multiple of 2^-53. */
  public double unit(long index) {
    return (bits(index) >>> 11) * 0x1p-53;
  }

  /** Returns a number with mean 0 and variance 1, the sum of four uniform ones: within 3.47. */
  public double normal(long index) {
    return normal16(bits(index));
  }

  private static double normal16(long bits) {
    long sum = (bits & 0xFFFF) + (bits >>> 16 & 0xFFFF) + (bits >>> 32 & 0xFFFF) + (bits >>> 48);
    return (sum - 131070) * (1.7320508075688772 / 65536);
  }

  /** Returns an integer from 0 to {@code bound - 1}. */
  public long below(long index, long bound) {
    if (bound <= 0) {
      throw new IllegalArgumentException("bound is " + bound + ", expected at least 1");
    }
    return Math.unsignedMultiplyHigh(bits(index), bound);
  }

  /** Returns a permutation of 0 to {@code count - 1}. */
  public int[] permutation(int count) {
    int[] order = new int[count];
    for (int i = 0; i < count; i++) {
      int j = (int) below(i, i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }
}
