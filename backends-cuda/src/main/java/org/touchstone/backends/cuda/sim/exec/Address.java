package org.touchstone.backends.cuda.sim.exec;

import org.touchstone.backends.cuda.sim.ptx.PtxInstruction;

/**
 * An address operand: a register or constant, and an offset.
 *
 * @param wide whether the slot is one of 64 bits
 */
record Address(boolean wide, int slot, long offset) {

  /** Reads {@code [register+offset]}, {@code [variable+offset]} or {@code [number]}. */
  static Address parse(Registers registers, PtxInstruction in, String operand) {
    if (!operand.startsWith("[") || !operand.endsWith("]")) {
      throw in.error("expected an address instead of " + operand);
    }
    String inner = operand.substring(1, operand.length() - 1).strip();
    int plus = inner.indexOf('+');
    String base = plus < 0 ? inner : inner.substring(0, plus).strip();
    long offset = plus < 0 ? 0 : Registers.Literals.integer(in, inner.substring(plus + 1).strip());
    if (registers.isRegister(base)) {
      boolean wide = registers.isWide(base);
      int slot = registers.read(in, base, wide ? Registers.LONG : Registers.INT);
      return new Address(wide, slot, offset);
    }
    return new Address(true, registers.constant64(registers.constant(in, base, true)), offset);
  }

  /** Computes the addresses of all lanes. */
  void compute(Warp w) {
    long[] out = w.address;
    if (wide) {
      long[] q = w.q;
      for (int l = 0; l < 32; l++) {
        out[l] = q[slot + l] + offset;
      }
    } else {
      int[] r = w.r;
      for (int l = 0; l < 32; l++) {
        out[l] = (r[slot + l] & 0xffffffffL) + offset;
      }
    }
  }
}
