package org.touchstone.backends.cuda.sim;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.touchstone.backends.cuda.sim.exec.Program;
import org.touchstone.backends.cuda.sim.ptx.PtxVariable;

/** Lays out a kernel's parameters, one after another. Not thread-safe. */
public final class ParameterBytes {
  private final Program kernel;
  private final ByteBuffer buffer;
  private int next;

  /** Begins with the first parameter. */
  public ParameterBytes(Program kernel) {
    this.kernel = kernel;
    this.buffer = ByteBuffer.allocate(kernel.parameterBytes()).order(ByteOrder.LITTLE_ENDIAN);
  }

  private int place(int bytes) {
    if (next == kernel.parameters().size()) {
      throw new IllegalArgumentException(
          "kernel " + kernel.name() + " has only " + next + " parameters");
    }
    PtxVariable p = kernel.parameters().get(next);
    if (p.bytes() != bytes) {
      throw new IllegalArgumentException(
          "parameter "
              + next
              + " of kernel "
              + kernel.name()
              + " has "
              + p.bytes()
              + " bytes, not "
              + bytes);
    }
    return kernel.parameterOffsets().get(next++);
  }

  /** Adds a parameter of 64 bits, for example an address. */
  public ParameterBytes add(long value) {
    buffer.putLong(place(8), value);
    return this;
  }

  /** Adds a parameter of 32 bits. */
  public ParameterBytes add(int value) {
    buffer.putInt(place(4), value);
    return this;
  }

  /** Adds a float. */
  public ParameterBytes add(float value) {
    buffer.putFloat(place(4), value);
    return this;
  }

  /** Adds a structure. */
  public ParameterBytes add(byte[] value) {
    buffer.put(place(value.length), value);
    return this;
  }

  /** Returns the bytes, all parameters having been added. */
  public byte[] bytes() {
    if (next != kernel.parameters().size()) {
      throw new IllegalStateException(
          "kernel "
              + kernel.name()
              + " has "
              + kernel.parameters().size()
              + " parameters, "
              + next
              + " were added");
    }
    return buffer.array();
  }
}
