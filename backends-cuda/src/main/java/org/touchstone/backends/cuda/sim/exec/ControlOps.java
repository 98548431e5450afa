package org.touchstone.backends.cuda.sim.exec;

import java.util.List;
import org.touchstone.backends.cuda.sim.check.FindingKind;
import org.touchstone.backends.cuda.sim.ptx.PtxInstruction;

/** Branches, ends and block barriers. */
final class ControlOps {
  private ControlOps() {}

  static Instruction decode(Decoder d, PtxInstruction in, Modifiers m, Flattener flat) {
    return switch (in.root()) {
      case "bra" -> {
        m.take("uni");
        m.end();
        d.operands(in, 1);
        Branch branch = new Branch(Instruction.Kind.BRANCH);
        branch.target = label(in, flat, in.operands().getFirst());
        yield branch;
      }
      case "brx" -> indexed(d, in, m, flat);
      case "ret", "exit" -> {
        m.take("uni");
        m.end();
        yield new Branch(Instruction.Kind.EXIT);
      }
      case "trap" ->
          new Plain(
              (w, mask) -> {
                throw w.fail(
                    FindingKind.TRAP, Integer.numberOfTrailingZeros(mask), "the kernel trapped");
              });
      default -> barrier(d, in, m);
    };
  }

  private static int label(PtxInstruction in, Flattener flat, String name) {
    Integer at = flat.labels.get(name);
    if (at == null) {
      throw in.error("unknown label " + name);
    }
    return at;
  }

  private static Instruction indexed(Decoder d, PtxInstruction in, Modifiers m, Flattener flat) {
    m.demand("idx");
    m.take("uni");
    m.end();
    d.operands(in, 2);
    List<String> targets = flat.tables.get(in.operands().get(1));
    if (targets == null) {
      throw in.error("unknown list of targets");
    }
    Branch branch = new Branch(Instruction.Kind.INDEXED_BRANCH);
    branch.slot = d.registers().int32(in, in.operands().getFirst(), false);
    branch.targets = targets.stream().mapToInt(t -> label(in, flat, t)).toArray();
    return branch;
  }

  private static Instruction barrier(Decoder d, PtxInstruction in, Modifiers m) {
    m.take("cta");
    if (m.take("warp")) {
      m.demand("sync");
      m.end();
      return WarpOps.warpBarrier(d, in);
    }
    boolean aligned = m.take("aligned") || in.root().equals("bar");
    String action = m.takeOne("sync", "arrive", "red");
    Registers registers = d.registers();
    List<String> o = in.operands();
    if (action.equals("sync") || action.equals("arrive")) {
      m.end();
      boolean sync = action.equals("sync");
      if (o.isEmpty() || o.size() > 2 || (!sync && o.size() != 2)) {
        throw in.error("expected a barrier and a count of threads");
      }
      return new BarrierInstruction(
          sync ? BarrierInstruction.Action.SYNC : BarrierInstruction.Action.ARRIVE,
          aligned,
          registers.int32(in, o.getFirst(), false),
          o.size() == 2 ? registers.int32(in, o.get(1), false) : -1,
          0,
          0,
          false);
    }
    if (!action.equals("red")) {
      throw in.error("unsupported barrier");
    }
    String op = m.takeOne("popc", "and", "or");
    m.demand(op.equals("popc") ? "u32" : "pred");
    m.end();
    String source = o.getLast();
    boolean negated = source.startsWith("!");
    int p = registers.predicate(in, source.substring(negated ? 1 : 0).strip());
    int id = registers.int32(in, o.get(1), false);
    int count = o.size() == 4 ? registers.int32(in, o.get(2), false) : -1;
    int t =
        registers.write(in, o.getFirst(), op.equals("popc") ? Registers.INT : Registers.PREDICATE);
    BarrierInstruction.Action kind =
        switch (op) {
          case "popc" -> BarrierInstruction.Action.POPC;
          case "and" -> BarrierInstruction.Action.AND;
          default -> BarrierInstruction.Action.OR;
        };
    return new BarrierInstruction(kind, aligned, id, count, t, p, negated);
  }
}
