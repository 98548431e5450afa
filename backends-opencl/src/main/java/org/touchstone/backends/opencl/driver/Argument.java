package org.touchstone.backends.opencl.driver;

import java.util.List;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_mem;
import org.jspecify.annotations.Nullable;

/** One argument as the driver takes it. Equal arguments need not be given to a kernel again. */
sealed interface Argument {
  /** Returns its size; of local memory, how much of it. */
  long bytes();

  /** Returns where its value lies in the host's memory. */
  Pointer pointer();

  /** An {@code int} or {@code uint}. */
  record Word(int value) implements Argument {
    @Override
    public long bytes() {
      return Sizeof.cl_int;
    }

    @Override
    public Pointer pointer() {
      return Pointer.to(new int[] {value});
    }
  }

  /** A {@code long} or {@code ulong}. */
  record LongWord(long value) implements Argument {
    @Override
    public long bytes() {
      return Sizeof.cl_long;
    }

    @Override
    public Pointer pointer() {
      return Pointer.to(new long[] {value});
    }
  }

  /** A {@code float}. */
  record Real(float value) implements Argument {
    @Override
    public long bytes() {
      return Sizeof.cl_float;
    }

    @Override
    public Pointer pointer() {
      return Pointer.to(new float[] {value});
    }
  }

  /** A vector of {@code long}. */
  record LongWords(List<Long> values) implements Argument {
    @Override
    public long bytes() {
      return (long) Sizeof.cl_long * values.size();
    }

    @Override
    public Pointer pointer() {
      return Pointer.to(values.stream().mapToLong(Long::longValue).toArray());
    }
  }

  /** Local memory of a work-group. */
  record Local(long bytes) implements Argument {
    @Override
    public Pointer pointer() {
      return new Pointer();
    }
  }

  /** A buffer. A new buffer may lie where a released one was, so only the same object is equal. */
  final class Buffer implements Argument {
    private final cl_mem buffer;

    Buffer(cl_mem buffer) {
      this.buffer = buffer;
    }

    @Override
    public long bytes() {
      return Sizeof.cl_mem;
    }

    @Override
    public Pointer pointer() {
      return Pointer.to(buffer);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Buffer that && isSame(that.buffer);
    }

    @SuppressWarnings("ReferenceEquality") // the driver's handle is what may be used again
    private boolean isSame(cl_mem other) {
      return buffer == other;
    }

    @Override
    public int hashCode() {
      return System.identityHashCode(buffer);
    }
  }
}
