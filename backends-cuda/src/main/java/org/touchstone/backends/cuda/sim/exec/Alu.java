package org.touchstone.backends.cuda.sim.exec;

/** An instruction that a {@link LaneOp} computes. */
final class Alu extends Instruction {
  private final LaneOp op;
  private final boolean wide;
  private final int d;
  private final int a;
  private final int b;
  private final int c;

  Alu(LaneOp op, boolean wide, int d, int a, int b, int c) {
    this.op = op;
    this.wide = wide;
    this.d = d;
    this.a = a;
    this.b = b;
    this.c = c;
  }

  @Override
  void execute(Warp w, int mask) {
    if (mask == -1) {
      op.run(w.r, w.q, d, a, b, c);
    } else if (wide) {
      op.run(w.r, w.q, 0, a, b, c);
      w.keep64(d, mask);
    } else {
      op.run(w.r, w.q, 0, a, b, c);
      w.keep32(d, mask);
    }
  }
}
