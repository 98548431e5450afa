package org.touchstone.backends.cuda.sim.exec;

import org.touchstone.backends.cuda.sim.ptx.PtxInstruction;

/**
 * {@code ldmatrix}, {@code stmatrix} and {@code movmatrix} of 8×8 matrices of 16-bit elements.
 *
 * <p>Lanes 8i to 8i+7 give the row addresses of matrix i. Of each matrix, lane l holds row l/4,
 * columns 2(l mod 4) and the next; transposed, row and column swap (PTX ISA, warp-level matrix
 * load).
 */
final class MatrixMoves extends Instruction {
  private final boolean store;
  private final boolean transpose;
  private final Address address;
  private final int[] slots;

  private MatrixMoves(boolean store, boolean transpose, Address address, int[] slots) {
    this.kind = Kind.CONVERGENT;
    this.store = store;
    this.transpose = transpose;
    this.address = address;
    this.slots = slots;
  }

  static Instruction decode(Decoder d, PtxInstruction in, Modifiers m) {
    boolean store = in.root().equals("stmatrix");
    m.demand("sync");
    m.demand("aligned");
    m.demand("m8n8");
    String count = m.takeOne("x1", "x2", "x4");
    boolean transpose = m.take("trans");
    if (m.takeOne("shared", "shared::cta").isEmpty()) {
      throw in.error("unsupported generic address");
    }
    m.demand("b16");
    m.end();
    d.operands(in, 2);
    Registers registers = d.registers();
    Address address = Address.parse(registers, in, in.operands().get(store ? 0 : 1));
    String[] names = Decoder.vector(in.operands().get(store ? 1 : 0));
    if (!count.equals("x" + names.length)) {
      throw in.error("expected as many registers as matrices");
    }
    int[] slots = new int[names.length];
    for (int i = 0; i < slots.length; i++) {
      slots[i] =
          store
              ? registers.read(in, names[i], Registers.INT)
              : registers.write(in, names[i], Registers.INT);
    }
    return new MatrixMoves(store, transpose, address, slots);
  }

  static Instruction decodeMove(Decoder d, PtxInstruction in, Modifiers m) {
    m.demand("sync");
    m.demand("aligned");
    m.demand("m8n8");
    m.demand("trans");
    m.demand("b16");
    m.end();
    d.operands(in, 2);
    int a = d.registers().read(in, in.operands().get(1), Registers.INT);
    int t = d.registers().write(in, in.operands().getFirst(), Registers.INT);
    Plain move =
        new Plain(
            (w, mask) -> {
              int[] tile = w.scratch;
              scatter(w.r, a, tile);
              gather(tile, true, w.r, t);
            });
    move.kind = Kind.CONVERGENT;
    return move;
  }

  @Override
  void execute(Warp w, int mask) {
    address.compute(w);
    byte[] shared = w.block.shared;
    if (w.block.launch.options().metrics() == Options.Metrics.ON) {
      int lanes = slots.length == 4 ? -1 : (1 << (8 * slots.length)) - 1;
      w.block.counts.shared(index, w.address, lanes, 16);
    }
    int[] tile = w.scratch;
    for (int i = 0; i < slots.length; i++) {
      if (store) {
        if (transpose) {
          gatherStore(w.r, slots[i], tile);
        } else {
          scatter(w.r, slots[i], tile);
        }
      }
      for (int row = 0; row < 8; row++) {
        int lane = i * 8 + row;
        int offset = Space.shared(w, lane, w.address[lane], 16);
        if (store) {
          Space.sharedWrite(w, lane, offset, 16, false);
          for (int c = 0; c < 8; c++) {
            Transfer.SHORTS.set(shared, offset + c * 2, (short) tile[row * 8 + c]);
          }
        } else {
          Space.sharedRead(w, lane, offset, 16, false);
          for (int c = 0; c < 8; c++) {
            tile[row * 8 + c] = Transfer.int16(shared, offset + c * 2);
          }
        }
      }
      if (!store) {
        gather(tile, transpose, w.r, slots[i]);
      }
    }
  }

  /** Spreads a fragment's registers over the rows of a matrix. */
  private static void scatter(int[] r, int slot, int[] tile) {
    for (int l = 0; l < 32; l++) {
      int at = (l >> 2) * 8 + (l & 3) * 2;
      tile[at] = r[slot + l] & 0xffff;
      tile[at + 1] = r[slot + l] >>> 16;
    }
  }

  /** Spreads a fragment's registers over the columns of a matrix. */
  private static void gatherStore(int[] r, int slot, int[] tile) {
    for (int l = 0; l < 32; l++) {
      int row = (l & 3) * 2;
      int column = l >> 2;
      tile[row * 8 + column] = r[slot + l] & 0xffff;
      tile[(row + 1) * 8 + column] = r[slot + l] >>> 16;
    }
  }

  /** Collects a fragment's registers from a matrix. */
  private static void gather(int[] tile, boolean transpose, int[] r, int slot) {
    for (int l = 0; l < 32; l++) {
      int major = l >> 2;
      int minor = (l & 3) * 2;
      int low = transpose ? tile[minor * 8 + major] : tile[major * 8 + minor];
      int high = transpose ? tile[(minor + 1) * 8 + major] : tile[major * 8 + minor + 1];
      r[slot + l] = high << 16 | low;
    }
  }
}
