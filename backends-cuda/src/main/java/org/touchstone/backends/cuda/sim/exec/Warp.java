package org.touchstone.backends.cuda.sim.exec;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.touchstone.backends.cuda.sim.check.Finding;
import org.touchstone.backends.cuda.sim.check.FindingKind;
import org.touchstone.backends.cuda.sim.check.SimulationException;
import org.touchstone.backends.cuda.sim.memory.Actor;
import org.touchstone.backends.cuda.sim.memory.Allocation;
import org.touchstone.backends.cuda.sim.memory.SharedShadow;

/** The state of a warp, and the loop that runs it. Confined to the thread that runs its block. */
final class Warp {
  /** Why {@link #run} came back. */
  enum Stop {
    BARRIER,
    DONE,
    QUANTUM
  }

  final int id;

  final Block block;
  final int[] r;
  final long[] q;
  final int[] p;
  final byte[] local;
  final byte[] localWritten;
  final int localBytes;
  final Actor actor;
  final AsyncCopies copies = new AsyncCopies();
  final long[] address = new long[32];
  final long[] wide = new long[32];
  final int[] scratch = new int[64];

  /** Lanes that exist. */
  int born;

  /** Lanes that exist and have not ended. */
  int live;

  /** The barrier that the warp waits at. */
  BarrierInstruction barrier =
      new BarrierInstruction(BarrierInstruction.Action.SYNC, true, 0, -1, 0, 0, false);

  long instructions;
  long threadInstructions;
  private final LaneGroups groups = new LaneGroups();
  private final Instruction[] code;
  private final int[] definedR;
  private final int[] definedQ;
  private final int[] definedP;
  private Instruction current;

  Warp(int id, Block block, Instruction[] code, Program program) {
    this.id = id;
    this.block = block;
    this.code = code;
    this.current = code[0];
    this.r = new int[program.intSlots() * 32];
    this.q = new long[program.longSlots() * 32];
    this.p = new int[program.predicates()];
    this.localBytes = program.localBytes();
    this.local = new byte[localBytes * 32];
    this.localWritten = new byte[local.length];
    // Where every read follows a write on all paths there is nothing to be tracked.
    boolean tracks = Arrays.stream(code).anyMatch(in -> in.writes.length + in.reads.length > 0);
    this.definedR = new int[tracks ? program.intSlots() : 0];
    this.definedQ = new int[tracks ? program.longSlots() : 0];
    this.definedP = new int[tracks ? program.predicates() : 0];
    this.actor = new Actor(id, block.warpCount(), block.clock);
    for (int i = 0; i < program.constants().size(); i += 2) {
      int slot = (int) (long) program.constants().get(i);
      Arrays.fill(r, slot, slot + 32, (int) (long) program.constants().get(i + 1));
    }
    for (int i = 0; i < program.wideConstants().size(); i += 2) {
      int slot = (int) (long) program.wideConstants().get(i);
      Arrays.fill(q, slot, slot + 32, program.wideConstants().get(i + 1));
    }
  }

  void begin(int lanes, int epoch) {
    born = lanes;
    live = lanes;
    groups.begin(lanes);
    actor.begin(epoch);
    copies.begin();
    Arrays.fill(definedR, 0);
    Arrays.fill(definedQ, 0);
    Arrays.fill(definedP, 0);
    Arrays.fill(localWritten, (byte) 0);
  }

  /** Keeps the lanes of the mask of what was computed into the scratch slot. */
  void keep32(int d, int mask) {
    for (int m = mask; m != 0; m &= m - 1) {
      int l = Integer.numberOfTrailingZeros(m);
      r[d + l] = r[l];
    }
  }

  /** Keeps the lanes of the mask of what was computed into the scratch slot. */
  void keep64(int d, int mask) {
    for (int m = mask; m != 0; m &= m - 1) {
      int l = Integer.numberOfTrailingZeros(m);
      q[d + l] = q[l];
    }
  }

  void setPredicate(int d, int value, int mask) {
    p[d] = (p[d] & ~mask) | (value & mask);
  }

  /** Runs until the warp reaches a barrier, ends, or has run so many instructions. */
  Stop run(int quantum) {
    LaneGroups g = groups;
    int left = quantum;
    while (true) {
      if (!g.alone()) {
        g.lowestFirst();
      }
      if (left-- <= 0) {
        g.rotate();
        return Stop.QUANTUM;
      }
      Instruction in = code[g.pc];
      current = in;
      int active = g.active;
      int mask = active;
      if (in.guard >= 0) {
        int v = p[in.guard];
        mask &= in.guardNegated ? ~v : v;
      }
      switch (in.kind) {
        case PLAIN -> {
          if (mask != 0) {
            step(in, mask);
          }
          g.pc++;
        }
        case CONVERGENT -> {
          if (mask != 0) {
            int required = in.required(this, mask);
            if ((required & ~mask) != 0) {
              gather(in, required, mask);
              continue;
            }
            step(in, mask);
          }
          g.pc++;
        }
        case BRANCH -> branch((Branch) in, mask);
        case INDEXED_BRANCH -> indexedBranch((Branch) in, mask);
        case EXIT -> {
          count(mask);
          if (mask == active) {
            live &= ~mask;
            if (!g.next()) {
              if (!copies.isEmpty() && block.checks().asyncCopies()) {
                throw fail(
                    FindingKind.ASYNC_AT_EXIT,
                    copies.firstLane(),
                    "the thread ends with cp.async in flight: wait for it first");
              }
              return Stop.DONE;
            }
          } else {
            live &= ~mask;
            g.active &= ~mask;
            g.pc++;
          }
        }
        case BARRIER -> {
          if (mask == 0) {
            g.pc++;
            continue;
          }
          BarrierInstruction b = (BarrierInstruction) in;
          int required = b.aligned ? born : live;
          if ((required & ~mask) != 0) {
            gather(in, required, mask);
            continue;
          }
          noteReads(in, mask);
          count(mask);
          g.pc++;
          barrier = b;
          return Stop.BARRIER;
        }
      }
    }
  }

  private void count(int mask) {
    instructions++;
    threadInstructions += Integer.bitCount(mask);
  }

  private void step(Instruction in, int mask) {
    instructions++;
    threadInstructions += mask == -1 ? 32 : Integer.bitCount(mask);
    if (in.reads.length != 0) {
      noteReads(in, mask);
    }
    in.execute(this, mask);
    if (in.writes.length != 0) {
      noteWrites(in, mask);
    }
  }

  private void branch(Branch in, int mask) {
    LaneGroups g = groups;
    count(g.active);
    if (in.reads.length != 0) {
      noteReads(in, g.active);
    }
    if (mask == g.active) {
      g.pc = in.target;
    } else if (mask == 0) {
      g.pc++;
    } else {
      g.active &= ~mask;
      g.pc++;
      g.push(in.target, mask);
    }
  }

  private void indexedBranch(Branch in, int mask) {
    LaneGroups g = groups;
    count(mask);
    noteReads(in, mask);
    int rest = g.active & ~mask;
    for (int t = 0; t < in.targets.length; t++) {
      int to = 0;
      for (int m = mask; m != 0; m &= m - 1) {
        int l = Integer.numberOfTrailingZeros(m);
        to |= r[in.slot + l] == t ? 1 << l : 0;
      }
      if (to != 0) {
        mask &= ~to;
        g.push(in.targets[t], to);
      }
    }
    if (mask != 0) {
      throw fail(
          FindingKind.OUT_OF_BOUNDS,
          Integer.numberOfTrailingZeros(mask),
          "brx.idx with an index beyond its " + in.targets.length + " targets");
    }
    if (rest != 0) {
      g.push(g.pc + 1, rest);
    }
    g.next();
  }

  /** Brings the lanes together that an instruction needs, or says why they never come. */
  private void gather(Instruction in, int required, int mask) {
    if (groups.mergeParked()) {
      return;
    }
    boolean passedBy = (required & groups.active & ~mask) != 0;
    if (!passedBy && groups.park()) {
      return;
    }
    // Nobody can go on: the group that stands at the lowest address is the one that the others
    // left.
    int lowest = passedBy ? -1 : groups.lowestParked();
    if (lowest >= 0) {
      current = code[lowest];
      int parked = groups.parkedAt(lowest);
      boolean barrier = current.kind == Instruction.Kind.BARRIER;
      throw stuck(current, barrier ? born : current.required(this, parked), parked);
    }
    throw stuck(in, required, mask);
  }

  private SimulationException stuck(Instruction in, int required, int mask) {
    int missing = required & ~mask;
    boolean members = in.namesMembers();
    return fail(
        members ? FindingKind.WRONG_MEMBER_MASK : FindingKind.DIVERGENT_BARRIER,
        Integer.numberOfTrailingZeros(mask),
        String.format(
            "lanes 0x%08x execute the instruction, lanes 0x%08x %s, though %s",
            mask,
            missing,
            (missing & live) == 0 ? "have ended or never were" : "do not",
            members ? "the member mask names them" : "all lanes of the warp must"));
  }

  private void noteReads(Instruction in, int mask) {
    if (in.passesUndefined || !block.checks().uninitialisedRegisters()) {
      return;
    }
    for (int code : in.reads) {
      int undefined = mask & ~defined(code)[code >>> 2];
      if (undefined != 0) {
        throw fail(
            FindingKind.UNINITIALISED_REGISTER,
            Integer.numberOfTrailingZeros(undefined),
            "a register is read that was never written");
      }
    }
  }

  private void noteWrites(Instruction in, int mask) {
    int value = -1;
    if (in.passesUndefined) {
      for (int code : in.reads) {
        value &= defined(code)[code >>> 2];
      }
    }
    for (int code : in.writes) {
      int[] defined = defined(code);
      defined[code >>> 2] = (defined[code >>> 2] & ~mask) | (value & mask);
    }
  }

  private int[] defined(int code) {
    return switch (code & 3) {
      case Registers.PREDICATE -> definedP;
      case Registers.INT -> definedR;
      default -> definedQ;
    };
  }

  /** Moves the bytes of an asynchronous copy. */
  void copyNow(int dst, @Nullable Allocation from, int offset, int bytes, int size) {
    byte[] shared = block.shared;
    if (from != null) {
      System.arraycopy(from.data(), offset, shared, dst, bytes);
    }
    Arrays.fill(shared, dst + bytes, dst + size, (byte) 0);
  }

  /** Notes that an asynchronous copy has completed. */
  void finishCopy(int dst, int size) {
    SharedShadow shadow = block.shadow;
    if (shadow != null) {
      shadow.mark(dst, size, SharedShadow.WRITTEN);
      String race = shadow.write(dst, size, actor, false);
      if (race != null && block.checks().races()) {
        throw fail(FindingKind.SHARED_RACE, -1, "completion of cp.async: " + race);
      }
    }
  }

  /** Returns the error for a defect at the current instruction. */
  SimulationException fail(FindingKind kind, int lane, String message) {
    return new SimulationException(
        new Finding(
            kind,
            block.kernelName(),
            block.x,
            block.y,
            block.z,
            id,
            lane,
            current.where.ptxLine(),
            current.where.source(),
            message + " in \"" + current.text + "\""));
  }
}
