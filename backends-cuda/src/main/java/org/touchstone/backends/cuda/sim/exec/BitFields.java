package org.touchstone.backends.cuda.sim.exec;

/**
 * Bit-field, permutation and dot-product instructions of one lane, after the PTX ISA's pseudocode.
 */
final class BitFields {
  private BitFields() {}

  static int extract(int a, int position, int length) {
    int p = position & 0xff;
    int n = length & 0xff;
    if (p > 31 || n == 0) {
      return 0;
    }
    int shifted = a >>> p;
    return n > 31 ? shifted : shifted & ((1 << n) - 1);
  }

  static int extractSigned(int a, int position, int length) {
    int p = position & 0xff;
    int n = length & 0xff;
    if (n == 0) {
      return 0;
    }
    int top = Math.min(p + n - 1, 31);
    int sign = a >> top & 1;
    int field = extract(a, position, length);
    int bits = Math.max(top - p + 1, 0);
    return sign == 0 || bits >= 32 ? field : field | -1 << bits;
  }

  static int insert(int a, int b, int position, int length) {
    int p = position & 0xff;
    int n = length & 0xff;
    if (p > 31 || n == 0) {
      return b;
    }
    int mask = (n > 31 ? -1 : (1 << n) - 1) << p;
    return (b & ~mask) | (a << p & mask);
  }

  static long insert(long a, long b, int position, int length) {
    int p = position & 0xff;
    int n = length & 0xff;
    if (p > 63 || n == 0) {
      return b;
    }
    long mask = (n > 63 ? -1L : (1L << n) - 1) << p;
    return (b & ~mask) | ((a << p) & mask);
  }

  static long extract(long a, int position, int length, boolean signed) {
    int p = position & 0xff;
    int n = length & 0xff;
    if (n == 0) {
      return 0;
    }
    int top = Math.min(p + n - 1, 63);
    boolean negative = signed && (a >>> top & 1) != 0;
    if (p > 63) {
      return negative ? -1 : 0;
    }
    int bits = top - p + 1;
    long field = bits == 64 ? a : (a >>> p) & ((1L << bits) - 1);
    return negative && bits < 64 ? field | -1L << bits : field;
  }

  static int maskClamp(int a, int b) {
    if (Integer.compareUnsigned(a, 31) > 0) {
      return 0;
    }
    int ones = Integer.compareUnsigned(b, 31) > 0 ? -1 : (1 << b) - 1;
    return ones << a;
  }

  static int maskWrap(int a, int b) {
    return ((1 << (b & 31)) - 1) << (a & 31);
  }

  static int permute(int a, int b, int selector) {
    long bytes = (long) b << 32 | (a & 0xffffffffL);
    int out = 0;
    for (int i = 0; i < 4; i++) {
      int s = selector >>> (4 * i) & 15;
      int value = (int) (bytes >>> (8 * (s & 7))) & 0xff;
      if ((s & 8) != 0) {
        value = (value & 0x80) != 0 ? 0xff : 0;
      }
      out |= value << (8 * i);
    }
    return out;
  }

  /** Returns the selector that a mode of prmt stands for: f4e, b4e, rc8, ecl, ecr, rc16. */
  static int selector(int mode, int c) {
    int s = c & 3;
    int out = 0;
    for (int i = 0; i < 4; i++) {
      int from =
          switch (mode) {
            case 1 -> s + i;
            case 2 -> s - i & 7;
            case 3 -> s;
            case 4 -> Math.max(s, i);
            case 5 -> Math.min(s, i);
            default -> (s & 1) * 2 + (i & 1);
          };
      out |= from << (4 * i);
    }
    return out;
  }

  static int dot4(int a, boolean signedA, int b, boolean signedB) {
    int sum = 0;
    for (int i = 0; i < 32; i += 8) {
      int x = signedA ? (byte) (a >> i) : a >> i & 0xff;
      int y = signedB ? (byte) (b >> i) : b >> i & 0xff;
      sum += x * y;
    }
    return sum;
  }
}
