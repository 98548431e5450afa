package org.touchstone.backends.cuda.sim.exec;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.touchstone.backends.cuda.sim.memory.GlobalMemory;
import org.touchstone.backends.cuda.sim.ptx.PtxFunction;
import org.touchstone.backends.cuda.sim.ptx.PtxInstruction;
import org.touchstone.backends.cuda.sim.ptx.PtxText;
import org.touchstone.backends.cuda.sim.ptx.PtxVariable;

/** Turns a kernel's text into a {@link Program}. What it does not know is an error. */
public final class Decoder {
  /** What assemblers need besides the values of the program: the stack pointer, temporaries. */
  private static final int RESERVED_REGISTERS = 8;

  private final PtxFunction kernel;
  private final Flattener flat;
  private final Registers registers = new Registers();
  private final Set<String> localParameters = new HashSet<>();
  private final List<Integer> parameterOffsets = new ArrayList<>();
  private int parameterBytes;
  private int staticShared;
  private int sharedAlign = 16;
  private int localBytes;

  private Decoder(PtxText text, PtxFunction kernel, Map<String, Long> globals) {
    this.kernel = kernel;
    this.flat = new Flattener(text, kernel);
    flat.registers.forEach(registers::declare);
    globals.forEach(registers::symbol);
    layOut(text);
  }

  /**
   * Decodes a kernel.
   *
   * @param globals addresses of the module's global and constant variables
   * @throws org.touchstone.backends.cuda.sim.ptx.PtxException naming the line of an unknown
   *     instruction
   */
  public static Program decode(PtxText text, PtxFunction kernel, Map<String, Long> globals) {
    return new Decoder(text, kernel, globals).program();
  }

  /**
   * Returns the bits of a number as PTX writes it.
   *
   * @param wide whether a float is one of 64 bits
   * @throws NumberFormatException if it is none
   */
  public static long literal(String text, boolean wide) {
    return Registers.Literals.parse(text, wide);
  }

  private void layOut(PtxText text) {
    for (PtxVariable p : kernel.parameters()) {
      parameterBytes = align(parameterBytes, p.align());
      parameterOffsets.add(parameterBytes);
      registers.symbol(p.name(), parameterBytes);
      parameterBytes += p.bytes();
    }
    List<PtxVariable> dynamic = new ArrayList<>();
    for (PtxVariable v : text.variables().values()) {
      if (v.space().equals("shared") && flat.mentioned.contains(v.name())) {
        place(v.name(), v, dynamic);
      }
    }
    flat.variables.forEach((name, v) -> place(name, v, dynamic));
    for (PtxVariable v : dynamic) {
      sharedAlign = Math.max(sharedAlign, v.align());
    }
    for (PtxVariable v : dynamic) {
      registers.symbol(v.name(), align(staticShared, sharedAlign));
    }
  }

  private void place(String name, PtxVariable v, List<PtxVariable> dynamic) {
    switch (v.space()) {
      case "shared" -> {
        if (v.unsized()) {
          dynamic.add(v);
        } else {
          staticShared = align(staticShared, v.align());
          registers.symbol(name, staticShared);
          staticShared += v.bytes();
        }
      }
      case "local", "param" -> {
        localBytes = align(localBytes, Math.max(v.align(), 16));
        registers.symbol(name, localBytes);
        localBytes += v.bytes();
        if (v.space().equals("param")) {
          localParameters.add(name);
        }
      }
      default ->
          throw Registers.at(v.line(), "unsupported ." + v.space() + " variable in a function");
    }
  }

  private static int align(int offset, int alignment) {
    return (offset + alignment - 1) / alignment * alignment;
  }

  private Program program() {
    List<Instruction> code = new ArrayList<>(flat.code.size() + 1);
    List<DefiniteAssignment.Use> uses = new ArrayList<>(flat.code.size() + 1);
    for (PtxInstruction in : flat.code) {
      registers.reads.clear();
      registers.writes.clear();
      Instruction decoded = decode(in);
      String guard = in.guard();
      if (guard != null) {
        decoded.guard = registers.predicate(in, guard);
        decoded.guardNegated = in.guardNegated();
      }
      decoded.where = in.where();
      decoded.text = (guard == null ? "" : "@" + (in.guardNegated() ? "!" : "") + guard + " ") + in;
      decoded.index = code.size();
      decoded.passesUndefined = in.root().equals("mov") || in.root().equals("selp");
      code.add(decoded);
      uses.add(
          new DefiniteAssignment.Use(List.copyOf(registers.reads), List.copyOf(registers.writes)));
    }
    // A kernel may end at its closing brace.
    Branch end = new Branch(Instruction.Kind.EXIT);
    end.index = code.size();
    end.text = "end of the kernel";
    code.add(end);
    uses.add(new DefiniteAssignment.Use(List.of(), List.of()));
    new DefiniteAssignment(code, uses).apply();
    int live = Liveness.most(code, uses);
    List<Integer> required = kernel.attributes().getOrDefault("reqntid", List.of());
    int maxThreads = 1;
    for (int n : kernel.attributes().getOrDefault("maxntid", required)) {
      maxThreads *= n;
    }
    return new Program(
        kernel.name(),
        List.copyOf(code),
        registers.ints(),
        registers.longs(),
        registers.predicates(),
        registers.constants(),
        registers.wideConstants(),
        registers.specials(),
        kernel.parameters(),
        List.copyOf(parameterOffsets),
        parameterBytes,
        staticShared,
        sharedAlign,
        localBytes,
        Math.clamp(live + RESERVED_REGISTERS, 16, 255),
        kernel.attributes().containsKey("maxntid") || !required.isEmpty() ? maxThreads : 0,
        required);
  }

  private Instruction decode(PtxInstruction in) {
    IntegerOps.Form form = IntegerOps.forms().get(in.opcode());
    boolean vectors = in.operands().stream().anyMatch(o -> o.startsWith("{"));
    if (form != null && !vectors) {
      boolean clock = in.root().equals("mov") && Moves.isClock(in);
      return clock ? Moves.clock(this, in) : alu(in, form.signature(), form.op());
    }
    Modifiers m = new Modifiers(in);
    return switch (in.root()) {
      case "bra", "brx", "ret", "exit", "trap", "bar", "barrier" ->
          ControlOps.decode(this, in, m, flat);
      case "mov" ->
          in.opcode().equals("mov.pred")
              ? CompareOps.predicate(this, in)
              : Moves.decode(this, in, m);
      case "and", "or", "xor", "not" -> {
        if (!in.opcode().endsWith(".pred")) {
          throw in.error("unsupported instruction");
        }
        yield CompareOps.predicate(this, in);
      }
      case "setp" -> CompareOps.setp(this, in, m);
      case "set" -> CompareOps.set(this, in, m);
      case "selp" -> CompareOps.selp(this, in, m);
      case "slct" -> CompareOps.slct(this, in, m);
      case "cvt" -> ConvertOps.decode(this, in, m);
      case "ld", "st" -> MemoryAccess.decode(this, in, m);
      case "ldu" -> throw in.error("unsupported instruction");
      case "atom", "red" -> AtomicOps.decode(this, in, m);
      case "cp" -> AsyncOps.decode(this, in, m);
      case "shfl", "vote", "match", "redux", "elect" -> WarpOps.decode(this, in, m);
      case "activemask" -> WarpOps.activeMask(this, in);
      case "ldmatrix", "stmatrix" -> MatrixMoves.decode(this, in, m);
      case "movmatrix" -> MatrixMoves.decodeMove(this, in, m);
      case "mma" -> TensorOps.decode(this, in, m);
      case "cvta",
          "isspacep",
          "lop3",
          "bfi",
          "bfe",
          "membar",
          "fence",
          "nanosleep",
          "prefetch",
          "prefetchu" ->
          Moves.decode(this, in, m);
      default -> arithmetic(in, m);
    };
  }

  private Instruction arithmetic(PtxInstruction in, Modifiers m) {
    if (in.opcode().indexOf('.') < 0) {
      throw in.error("unsupported instruction");
    }
    String type = m.takeType();
    return switch (type) {
      case "f32" -> FloatOps.decode32(this, in, m);
      case "f64" -> FloatOps.decode64(this, in, m);
      case "f16", "f16x2", "bf16", "bf16x2" -> HalfOps.decode(this, in, m, type);
      default -> throw in.error("unsupported instruction");
    };
  }

  Registers registers() {
    return registers;
  }

  /** Says whether an address names a parameter of a call, which is kept in local memory. */
  boolean isLocalParameter(String address) {
    String inner = address.substring(1, address.length() - 1);
    int plus = inner.indexOf('+');
    return localParameters.contains((plus < 0 ? inner : inner.substring(0, plus)).strip());
  }

  void operands(PtxInstruction in, int count) {
    if (in.operands().size() != count) {
      throw in.error("expected " + count + " operands");
    }
  }

  /** Returns the slot of a source of the type. */
  int source(PtxInstruction in, String operand, String type) {
    return PtxVariable.size(type) == 8
        ? registers.int64(in, operand)
        : registers.int32(in, operand, PtxVariable.size(type) == 2);
  }

  /** Returns the predicate that is written, −1 for {@code _}. */
  int predicateTarget(PtxInstruction in, String name) {
    return name.equals("_") ? -1 : registers.write(in, name, Registers.PREDICATE);
  }

  /** Splits a vector operand. */
  static String[] vector(String operand) {
    if (!operand.startsWith("{")) {
      return new String[] {operand};
    }
    String[] parts = operand.substring(1, operand.length() - 1).split(",", -1);
    for (int i = 0; i < parts.length; i++) {
      parts[i] = parts[i].strip();
    }
    return parts;
  }

  /** Decodes operands by a signature: destination first, i 32 bits, h 16, l 64. */
  Instruction alu(PtxInstruction in, String signature, LaneOp op) {
    operands(in, signature.length());
    int[] sources = new int[3];
    for (int i = 1; i < signature.length(); i++) {
      String operand = in.operands().get(i);
      sources[i - 1] =
          switch (signature.charAt(i)) {
            case 'l' -> registers.int64(in, operand);
            case 'h' -> registers.int32(in, operand, true);
            default -> registers.int32(in, operand, false);
          };
    }
    boolean wide = signature.charAt(0) == 'l';
    int d = registers.write(in, in.operands().getFirst(), wide ? Registers.LONG : Registers.INT);
    return new Alu(op, wide, d, sources[0], sources[1], sources[2]);
  }

  /** Where generic addresses of a space begin. */
  static long window(PtxInstruction in, String space) {
    return switch (space) {
      case "shared", "shared::cta" -> GlobalMemory.SHARED_WINDOW;
      case "local" -> GlobalMemory.LOCAL_WINDOW;
      case "param", "param::entry" -> GlobalMemory.PARAM_WINDOW;
      case "global", "const" -> 0;
      default -> throw in.error("unsupported state space ." + space);
    };
  }
}
