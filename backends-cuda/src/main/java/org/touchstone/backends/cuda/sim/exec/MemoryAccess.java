package org.touchstone.backends.cuda.sim.exec;

import java.util.Set;
import org.touchstone.backends.cuda.sim.check.FindingKind;
import org.touchstone.backends.cuda.sim.memory.Allocation;
import org.touchstone.backends.cuda.sim.memory.GlobalMemory;
import org.touchstone.backends.cuda.sim.ptx.PtxInstruction;
import org.touchstone.backends.cuda.sim.ptx.PtxVariable;

/** {@code ld} and {@code st} in all state spaces, of up to eight elements. */
final class MemoryAccess extends Instruction {
  private static final Set<String> ORDER =
      Set.of("weak", "relaxed", "acquire", "release", "volatile");
  private static final Set<String> SCOPES = Set.of("cta", "cluster", "gpu", "sys");

  private final Space.Kind space;
  private final boolean store;

  /** Whether the access synchronises as an atomic one does. */
  private final boolean strong;

  private final Address address;
  private final Transfer.Element element;
  private final int[] slots;
  private final int bytes;

  /** Whether the elements are plain 32-bit words. */
  private final boolean words;

  private MemoryAccess(
      Space.Kind space,
      boolean store,
      boolean strong,
      Address address,
      Transfer.Element element,
      int[] slots) {
    this.space = space;
    this.store = store;
    this.strong = strong;
    this.address = address;
    this.element = element;
    this.slots = slots;
    this.bytes = element.bytes() * slots.length;
    this.words = element.bytes() == 4 && !element.wide();
  }

  static Instruction decode(Decoder d, PtxInstruction in, Modifiers m) {
    boolean store = in.root().equals("st");
    String type = m.takeType();
    int count =
        switch (m.takeOne("v2", "v4", "v8")) {
          case "v2" -> 2;
          case "v4" -> 4;
          case "v8" -> 8;
          default -> 1;
        };
    boolean strong = false;
    for (String order : ORDER) {
      strong |= m.take(order) && !order.equals("weak");
    }
    for (String scope : SCOPES) {
      m.take(scope);
    }
    m.takeCacheHints();
    Space.Kind space = space(d, in, m, in.operands().get(store ? 0 : 1));
    m.end();
    d.operands(in, 2);
    Registers registers = d.registers();
    String[] names = Decoder.vector(in.operands().get(store ? 1 : 0));
    if (names.length != count) {
      throw in.error("expected " + count + " elements");
    }
    int size;
    try {
      size = PtxVariable.size(type);
    } catch (IllegalArgumentException e) {
      throw in.error(String.valueOf(e.getMessage()));
    }
    if (size > 8) {
      throw in.error("unsupported type ." + type);
    }
    Address address = Address.parse(registers, in, in.operands().get(store ? 0 : 1));
    int[] slots = new int[count];
    boolean wide = size == 8;
    boolean half = false;
    for (int i = 0; i < count; i++) {
      if (registers.isRegister(names[i])) {
        wide = registers.isWide(names[i]);
        half = String.valueOf(registers.type(names[i])).endsWith("16");
      }
    }
    if (size == 8 && !wide) {
      throw in.error("the element does not fit the register");
    }
    for (int i = 0; i < count; i++) {
      if (store) {
        slots[i] = wide ? registers.int64(in, names[i]) : registers.int32(in, names[i], false);
      } else if (names[i].equals("_")) {
        slots[i] = 0;
      } else {
        slots[i] = registers.write(in, names[i], wide ? Registers.LONG : Registers.INT);
      }
    }
    Transfer.Element element = new Transfer.Element(size, type.startsWith("s"), wide, half);
    return new MemoryAccess(space, store, strong, address, element, slots);
  }

  static Space.Kind space(Decoder d, PtxInstruction in, Modifiers m, String operand) {
    String name =
        m.takeOne(
            "global",
            "shared",
            "shared::cta",
            "local",
            "param",
            "param::entry",
            "param::func",
            "const");
    return switch (name) {
      case "global", "const" -> Space.Kind.GLOBAL;
      case "shared", "shared::cta" -> Space.Kind.SHARED;
      case "local" -> Space.Kind.LOCAL;
      case "param", "param::entry", "param::func" ->
          d.isLocalParameter(operand) ? Space.Kind.LOCAL : Space.Kind.PARAM;
      default -> Space.Kind.GENERIC;
    };
  }

  @Override
  void execute(Warp w, int mask) {
    address.compute(w);
    switch (space) {
      case GLOBAL -> global(w, mask);
      case SHARED -> shared(w, mask);
      case LOCAL -> local(w, mask);
      case PARAM -> parameter(w, mask);
      case GENERIC -> generic(w, mask);
    }
  }

  private void generic(Warp w, int mask) {
    int shared = Space.inWindow(w, mask, GlobalMemory.SHARED_WINDOW);
    int local = Space.inWindow(w, mask, GlobalMemory.LOCAL_WINDOW);
    int param = Space.inWindow(w, mask, GlobalMemory.PARAM_WINDOW);
    int global = mask & ~(shared | local | param);
    if (shared != 0) {
      rebase(w, shared, GlobalMemory.SHARED_WINDOW);
      shared(w, shared);
    }
    if (local != 0) {
      rebase(w, local, GlobalMemory.LOCAL_WINDOW);
      local(w, local);
    }
    if (param != 0) {
      rebase(w, param, GlobalMemory.PARAM_WINDOW);
      parameter(w, param);
    }
    if (global != 0) {
      global(w, global);
    }
  }

  private static void rebase(Warp w, int mask, long window) {
    for (int l = 0; l < 32; l++) {
      w.address[l] -= (mask >>> l & 1) != 0 ? window : 0;
    }
  }

  private void global(Warp w, int mask) {
    if (w.block.launch.options().metrics() == Options.Metrics.ON) {
      w.block.counts.global(index, w.address, mask, bytes);
    }
    for (int m = mask; m != 0; m &= m - 1) {
      int l = Integer.numberOfTrailingZeros(m);
      long at = w.address[l];
      Allocation a = Space.locate(w, index, l, at, bytes);
      int offset = (int) (at - a.base());
      if (strong) {
        w.actor.block().synchronise(w.actor, at, store);
      }
      if (store) {
        Space.globalWrite(w, l, a, offset, bytes, strong);
        put(w, l, a.data(), offset);
      } else {
        Space.globalRead(w, l, a, offset, bytes, strong);
        take(w, l, a.data(), offset);
      }
    }
    if (strong) {
      java.lang.invoke.VarHandle.fullFence();
    }
  }

  private void shared(Warp w, int mask) {
    if (w.block.launch.options().metrics() == Options.Metrics.ON) {
      w.block.counts.shared(index, w.address, mask, bytes);
    }
    byte[] data = w.block.shared;
    for (int m = mask; m != 0; m &= m - 1) {
      int l = Integer.numberOfTrailingZeros(m);
      int offset = Space.shared(w, l, w.address[l], bytes);
      if (store) {
        Space.sharedWrite(w, l, offset, bytes, strong);
        put(w, l, data, offset);
      } else {
        Space.sharedRead(w, l, offset, bytes, strong);
        take(w, l, data, offset);
      }
    }
  }

  private void local(Warp w, int mask) {
    for (int m = mask; m != 0; m &= m - 1) {
      int l = Integer.numberOfTrailingZeros(m);
      int place = Space.local(w, l, w.address[l], bytes);
      if (store) {
        Space.localWrite(w, place, bytes);
        put(w, l, w.local, place);
      } else {
        Space.localRead(w, l, place, bytes);
        take(w, l, w.local, place);
      }
    }
  }

  private void parameter(Warp w, int mask) {
    byte[] data = w.block.launch.parameters();
    for (int m = mask; m != 0; m &= m - 1) {
      int l = Integer.numberOfTrailingZeros(m);
      long at = w.address[l];
      if (store) {
        throw w.fail(FindingKind.READ_ONLY_WRITE, l, "a write to a kernel parameter");
      }
      if (at < 0 || at + bytes > data.length) {
        throw w.fail(
            FindingKind.OUT_OF_BOUNDS,
            l,
            bytes + " bytes at " + at + " of " + data.length + " bytes of parameters");
      }
      take(w, l, data, (int) at);
    }
  }

  private void take(Warp w, int lane, byte[] data, int offset) {
    if (words) {
      for (int i = 0; i < slots.length; i++) {
        w.r[slots[i] + lane] = Transfer.int32(data, offset + i * 4);
      }
      return;
    }
    for (int i = 0; i < slots.length; i++) {
      element.load(w, slots[i] + lane, data, offset + i * element.bytes());
    }
  }

  private void put(Warp w, int lane, byte[] data, int offset) {
    if (words) {
      for (int i = 0; i < slots.length; i++) {
        Transfer.INTS.set(data, offset + i * 4, w.r[slots[i] + lane]);
      }
      return;
    }
    for (int i = 0; i < slots.length; i++) {
      element.store(w, slots[i] + lane, data, offset + i * element.bytes());
    }
  }
}
