package org.touchstone.backends.cuda.sim.exec;

import org.touchstone.backends.cuda.sim.memory.Allocation;
import org.touchstone.backends.cuda.sim.ptx.PtxInstruction;

/** {@code cp.async} of 4, 8 or 16 bytes from global to shared memory, its groups and waits. */
final class AsyncOps extends Instruction {
  private final Address destination;
  private final Address source;
  private final int size;

  /** Slot of the bytes to be read, the rest being zeros; or −1 for all. */
  private final int bytes;

  /** Predicate that makes the copy all zeros, or −1. */
  private final int ignore;

  private AsyncOps(Address destination, Address source, int size, int bytes, int ignore) {
    this.destination = destination;
    this.source = source;
    this.size = size;
    this.bytes = bytes;
    this.ignore = ignore;
  }

  static Instruction decode(Decoder d, PtxInstruction in, Modifiers m) {
    m.demand("async");
    if (m.take("commit_group")) {
      m.end();
      return new Plain((w, mask) -> w.copies.commit(mask));
    }
    if (m.take("wait_all")) {
      m.end();
      return new Plain((w, mask) -> w.copies.complete(w, mask, 0, true));
    }
    if (m.take("wait_group")) {
      m.end();
      int newest = (int) Registers.Literals.integer(in, in.operands().getFirst());
      return new Plain((w, mask) -> w.copies.complete(w, mask, newest, false));
    }
    String cache = m.takeOne("ca", "cg");
    if (!m.take("shared") && !m.take("shared::cta")) {
      throw in.error("unsupported instruction");
    }
    m.demand("global");
    m.takeCacheHints();
    m.end();
    Registers registers = d.registers();
    int size = (int) Registers.Literals.integer(in, in.operands().get(2));
    boolean legal = size == 16 || (cache.equals("ca") && (size == 4 || size == 8));
    if (!legal) {
      throw in.error("unsupported size of a copy");
    }
    Address destination = Address.parse(registers, in, in.operands().get(0));
    Address source = Address.parse(registers, in, in.operands().get(1));
    int bytes = -1;
    int ignore = -1;
    if (in.operands().size() == 4) {
      String last = in.operands().get(3);
      if ("pred".equals(registers.type(last))) {
        ignore = registers.predicate(in, last);
      } else {
        bytes = registers.int32(in, last, false);
      }
    } else {
      d.operands(in, 3);
    }
    return new AsyncOps(destination, source, size, bytes, ignore);
  }

  @Override
  void execute(Warp w, int mask) {
    long[] to = w.wide;
    destination.compute(w);
    System.arraycopy(w.address, 0, to, 0, 32);
    source.compute(w);
    if (w.block.launch.options().metrics() == Options.Metrics.ON) {
      w.block.counts.global(index, w.address, mask, size);
    }
    for (int m = mask; m != 0; m &= m - 1) {
      int l = Integer.numberOfTrailingZeros(m);
      int offset = Space.shared(w, l, to[l], size);
      int count = bytes < 0 ? size : w.r[bytes + l];
      if (ignore >= 0 && (w.p[ignore] >>> l & 1) != 0) {
        count = 0;
      }
      if (count < 0 || count > size) {
        throw w.fail(
            org.touchstone.backends.cuda.sim.check.FindingKind.OUT_OF_BOUNDS,
            l,
            "a source size of " + count + " for a copy of " + size + " bytes");
      }
      Allocation from = null;
      int at = 0;
      if (count > 0) {
        if ((w.address[l] & (size - 1)) != 0) {
          throw Space.misaligned(w, l, w.address[l], size);
        }
        from = Space.locateBytes(w, index, l, w.address[l], count);
        at = (int) (w.address[l] - from.base());
        Space.globalRead(w, l, from, at, count, false);
      }
      Space.sharedCopyBegins(w, l, offset, size);
      w.copies.add(w, l, offset, from, at, count, size);
    }
  }
}
