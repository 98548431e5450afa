package org.touchstone.backends.cuda.sim.exec;

import org.touchstone.backends.cuda.sim.math.Exact;
import org.touchstone.backends.cuda.sim.math.FloatFormat;
import org.touchstone.backends.cuda.sim.memory.Allocation;
import org.touchstone.backends.cuda.sim.memory.GlobalMemory;
import org.touchstone.backends.cuda.sim.ptx.PtxInstruction;

/** {@code atom} and {@code red} on global and shared memory. */
final class AtomicOps extends Instruction {
  /** Computes the new bits of a word from the old ones and the operands'. */
  private interface Update {
    long apply(long old, long b, long c);
  }

  private static final Object[] LOCKS = new Object[64];

  static {
    for (int i = 0; i < LOCKS.length; i++) {
      LOCKS[i] = new Object();
    }
  }

  private final Space.Kind space;
  private final Address address;
  private final Update update;
  private final int bytes;

  /** Whether the operands' registers are of 64 bits. */
  private final boolean wide;

  private final int d;
  private final int b;
  private final int c;

  private AtomicOps(
      Space.Kind space,
      Address address,
      Update update,
      int bytes,
      boolean wide,
      int d,
      int b,
      int c) {
    this.space = space;
    this.address = address;
    this.update = update;
    this.bytes = bytes;
    this.wide = wide;
    this.d = d;
    this.b = b;
    this.c = c;
  }

  static Instruction decode(Decoder decoder, PtxInstruction in, Modifiers m) {
    boolean result = in.root().equals("atom");
    String type = m.takeType();
    m.takeOne("relaxed", "acquire", "release", "acq_rel");
    m.takeOne("cta", "cluster", "gpu", "sys");
    m.takeCacheHints();
    m.take("noftz");
    int at = result ? 1 : 0;
    Space.Kind space = MemoryAccess.space(decoder, in, m, in.operands().get(at));
    String op = m.takeOne("add", "min", "max", "and", "or", "xor", "exch", "cas", "inc", "dec");
    m.end();
    boolean cas = op.equals("cas");
    decoder.operands(in, at + (cas ? 3 : 2));
    Registers registers = decoder.registers();
    Address address = Address.parse(registers, in, in.operands().get(at));
    int b = decoder.source(in, in.operands().get(at + 1), type);
    int c = cas ? decoder.source(in, in.operands().get(at + 2), type) : b;
    boolean wide = type.endsWith("64");
    int bytes = wide ? 8 : type.endsWith("16") ? 2 : 4;
    int d = -1;
    if (result && !in.operands().getFirst().equals("_")) {
      d = registers.write(in, in.operands().getFirst(), wide ? Registers.LONG : Registers.INT);
    }
    return new AtomicOps(space, address, update(in, op, type), bytes, wide, d, b, c);
  }

  private static Update update(PtxInstruction in, String op, String type) {
    boolean unsigned = type.startsWith("u") || type.startsWith("b");
    return switch (op + "." + type) {
      case "add.u32", "add.s32", "add.u64", "add.s64" -> (o, x, y) -> o + x;
      case "add.f32" -> (o, x, y) -> FloatOps.bits(FloatOps.f((int) o) + FloatOps.f((int) x));
      case "add.f64" ->
          (o, x, y) ->
              Double.doubleToRawLongBits(Double.longBitsToDouble(o) + Double.longBitsToDouble(x));
      case "add.f16" -> (o, x, y) -> addHalf(FloatFormat.F16, o, x, 0);
      case "add.bf16" -> (o, x, y) -> addHalf(FloatFormat.BF16, o, x, 0);
      case "add.f16x2" ->
          (o, x, y) -> addHalf(FloatFormat.F16, o, x, 0) | addHalf(FloatFormat.F16, o, x, 16);
      case "add.bf16x2" ->
          (o, x, y) -> addHalf(FloatFormat.BF16, o, x, 0) | addHalf(FloatFormat.BF16, o, x, 16);
      case "min.s32", "min.s64" -> (o, x, y) -> Math.min(o, x);
      case "max.s32", "max.s64" -> (o, x, y) -> Math.max(o, x);
      case "min.u32", "min.u64" -> (o, x, y) -> Long.compareUnsigned(o, x) < 0 ? o : x;
      case "max.u32", "max.u64" -> (o, x, y) -> Long.compareUnsigned(o, x) > 0 ? o : x;
      case "and.b32", "and.b64" -> (o, x, y) -> o & x;
      case "or.b32", "or.b64" -> (o, x, y) -> o | x;
      case "xor.b32", "xor.b64" -> (o, x, y) -> o ^ x;
      case "exch.b32", "exch.b64", "exch.u32", "exch.u64" -> (o, x, y) -> x;
      case "cas.b16", "cas.b32", "cas.b64", "cas.u32", "cas.u64" -> (o, x, y) -> o == x ? y : o;
      case "inc.u32" -> (o, x, y) -> Long.compareUnsigned(o & LOW, x & LOW) >= 0 ? 0 : o + 1;
      case "dec.u32" ->
          (o, x, y) -> o == 0 || Long.compareUnsigned(o & LOW, x & LOW) > 0 ? x : o - 1;
      default ->
          throw in.error("unsupported atomic" + (unsigned ? "" : " of a signed or float type"));
    };
  }

  private static final long LOW = 0xffffffffL;

  private static long addHalf(FloatFormat format, long old, long x, int shift) {
    double a = HalfOps.decode(format, (int) (old >>> shift) & 0xffff);
    double b = HalfOps.decode(format, (int) (x >>> shift) & 0xffff);
    return (long) HalfOps.encode(format, Exact.sum(a, b)) << shift;
  }

  @Override
  void execute(Warp w, int mask) {
    address.compute(w);
    int shared = 0;
    if (space == Space.Kind.SHARED) {
      shared = mask;
    } else if (space == Space.Kind.GENERIC) {
      shared = Space.inWindow(w, mask, GlobalMemory.SHARED_WINDOW);
    }
    // Which lane comes first is not defined: start anywhere under the adversarial schedule.
    int first = w.block.randomLane();
    for (int i = 0; i < 32; i++) {
      int l = first + i & 31;
      if ((mask >>> l & 1) == 0) {
        continue;
      }
      if ((shared >>> l & 1) != 0) {
        long at = w.address[l] - (space == Space.Kind.SHARED ? 0 : GlobalMemory.SHARED_WINDOW);
        int offset = Space.shared(w, l, at, bytes);
        Space.sharedRead(w, l, offset, bytes, true);
        Space.sharedWrite(w, l, offset, bytes, true);
        apply(w, l, w.block.shared, offset);
      } else {
        long at = w.address[l];
        Allocation a = Space.locate(w, index, l, at, bytes);
        int offset = (int) (at - a.base());
        synchronized (LOCKS[(int) (at >>> 3) & 63]) {
          w.actor.block().synchronise(w.actor, at, true);
          Space.globalRead(w, l, a, offset, bytes, true);
          Space.globalWrite(w, l, a, offset, bytes, true);
          apply(w, l, a.data(), offset);
        }
      }
    }
  }

  private void apply(Warp w, int l, byte[] data, int offset) {
    long x = wide ? w.q[b + l] : w.r[b + l];
    long y = wide ? w.q[c + l] : w.r[c + l];
    long old;
    switch (bytes) {
      case 8 -> {
        old = Transfer.int64(data, offset);
        Transfer.LONGS.set(data, offset, update.apply(old, x, y));
      }
      case 4 -> {
        old = Transfer.int32(data, offset);
        Transfer.INTS.set(data, offset, (int) update.apply(old, x, y));
      }
      default -> {
        old = Transfer.int16(data, offset);
        Transfer.SHORTS.set(data, offset, (short) update.apply(old, x & 0xffff, y & 0xffff));
      }
    }
    if (d >= 0) {
      if (wide) {
        w.q[d + l] = old;
      } else {
        w.r[d + l] = (int) old;
      }
    }
  }
}
