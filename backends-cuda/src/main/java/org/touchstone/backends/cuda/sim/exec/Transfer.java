package org.touchstone.backends.cuda.sim.exec;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Moves elements between a lane's registers and bytes. */
final class Transfer {
  static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  static final VarHandle SHORTS =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private Transfer() {}

  static int int32(byte[] data, int offset) {
    return (int) INTS.get(data, offset);
  }

  static long int64(byte[] data, int offset) {
    return (long) LONGS.get(data, offset);
  }

  static int int16(byte[] data, int offset) {
    return (short) SHORTS.get(data, offset) & 0xffff;
  }

  /**
   * How an element is loaded.
   *
   * @param bytes 1, 2, 4 or 8
   * @param signed whether it is sign-extended
   * @param wide whether the register is one of 64 bits
   * @param half whether the register keeps 16 bits
   */
  record Element(int bytes, boolean signed, boolean wide, boolean half) {
    void load(Warp w, int place, byte[] data, int offset) {
      if (wide) {
        w.q[place] =
            switch (bytes) {
              case 8 -> int64(data, offset);
              case 4 -> signed ? int32(data, offset) : int32(data, offset) & 0xffffffffL;
              default -> small(data, offset);
            };
      } else if (bytes == 4) {
        w.r[place] = int32(data, offset);
      } else {
        int value = small(data, offset);
        w.r[place] = half ? value & 0xffff : value;
      }
    }

    private int small(byte[] data, int offset) {
      if (bytes == 2) {
        int v = int16(data, offset);
        return signed ? (short) v : v;
      }
      return signed ? data[offset] : data[offset] & 0xff;
    }

    void store(Warp w, int place, byte[] data, int offset) {
      switch (bytes) {
        case 8 -> LONGS.set(data, offset, w.q[place]);
        case 4 -> INTS.set(data, offset, wide ? (int) w.q[place] : w.r[place]);
        case 2 -> SHORTS.set(data, offset, (short) (wide ? (int) w.q[place] : w.r[place]));
        default -> data[offset] = (byte) (wide ? (int) w.q[place] : w.r[place]);
      }
    }
  }
}
