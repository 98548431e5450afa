package org.touchstone.backends.cuda.sim.exec;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.touchstone.backends.cuda.sim.check.Finding;
import org.touchstone.backends.cuda.sim.check.FindingKind;
import org.touchstone.backends.cuda.sim.check.SimulationException;
import org.touchstone.backends.cuda.sim.memory.Allocation;
import org.touchstone.backends.cuda.sim.memory.BlockClock;
import org.touchstone.backends.cuda.sim.memory.SharedShadow;

/** Runs one block after another on the thread that owns it: shared memory, barriers, warps. */
final class Block {
  private static final int NO_EPOCH = 1;
  private static final int LAST_EPOCH = 1 << 27;

  final Launch launch;
  final byte[] shared;
  @Nullable SharedShadow shadow;
  BlockClock clock;
  int x;
  int y;
  int z;

  /** The allocation that each memory instruction last used. */
  final @Nullable Allocation[] hints;

  final AccessCounts counts;

  private final Warp[] warps;
  private final Barrier[] barriers = new Barrier[16];
  private final Order order;
  private int epoch = NO_EPOCH;

  Block(Launch launch) {
    this.launch = launch;
    Program program = launch.program();
    this.shared = new byte[launch.sharedBytes()];
    this.shadow = newShadow();
    this.clock = launch.clock(0);
    Instruction[] code = program.code().toArray(new Instruction[0]);
    this.hints = new Allocation[code.length];
    this.counts = new AccessCounts(code.length);
    this.order = new Order(launch.options().schedule());
    int threads = launch.config().threads();
    this.warps = new Warp[(threads + 31) / 32];
    for (int i = 0; i < barriers.length; i++) {
      barriers[i] = new Barrier(warps.length);
    }
    for (int i = 0; i < warps.length; i++) {
      warps[i] = new Warp(i, this, code, program);
    }
  }

  private @Nullable SharedShadow newShadow() {
    Checks c = checks();
    boolean any = c.races() || c.uninitialisedShared() || c.asyncCopies();
    return any ? new SharedShadow(shared.length) : null;
  }

  int warpCount() {
    return (launch.config().threads() + 31) / 32;
  }

  Checks checks() {
    return launch.options().checks();
  }

  String kernelName() {
    return launch.program().name();
  }

  /** Runs the block with the linear index. */
  void run(int linear) {
    LaunchConfig config = launch.config();
    x = linear % config.gridX();
    y = linear / config.gridX() % config.gridY();
    z = linear / config.gridX() / config.gridY();
    order.begin(linear);
    begin(linear);
    int left = warps.length;
    while (left > 0) {
      int pick = order.next(this);
      if (pick < 0) {
        throw deadlock();
      }
      Warp w = warps[pick];
      int quantum = order.quantum();
      long before = w.instructions;
      Warp.Stop stop = w.run(quantum);
      launch.countInstructions(w.instructions - before, w);
      switch (stop) {
        case DONE -> {
          left--;
          order.done(pick);
          for (Barrier b : barriers) {
            complete(b);
          }
        }
        case BARRIER -> arrive(w);
        case QUANTUM -> {}
      }
    }
    for (int i = 0; i < barriers.length; i++) {
      if (barriers[i].arrivals > 0) {
        throw new SimulationException(
            finding(
                FindingKind.DEADLOCK,
                -1,
                "the block ends with " + barriers[i].arrivals + " warps arrived at barrier " + i));
      }
    }
  }

  private void begin(int linear) {
    if (epoch > LAST_EPOCH) {
      epoch = NO_EPOCH;
      shadow = newShadow();
    }
    SharedShadow s = shadow;
    if (s != null) {
      s.begin();
    }
    BlockClock c = launch.clock(linear);
    clock = c;
    LaunchConfig config = launch.config();
    int threads = config.threads();
    for (Barrier b : barriers) {
      b.clear();
    }
    int next = epoch;
    for (Warp w : warps) {
      next = Math.max(next, w.actor.epoch() + 1);
    }
    epoch = next;
    for (Warp w : warps) {
      int lanes = Math.min(32, threads - w.id * 32);
      w.begin(lanes == 32 ? -1 : (1 << lanes) - 1, epoch);
      w.actor.block(c);
      Specials.fill(w, launch, this);
    }
  }

  private void arrive(Warp w) {
    BarrierInstruction in = w.barrier;
    int lane = Integer.numberOfTrailingZeros(w.live);
    int id = w.r[in.idSlot + lane];
    if (id < 0 || id >= barriers.length) {
      throw w.fail(FindingKind.DIVERGENT_BARRIER, lane, "barrier " + id + " of 0 to 15");
    }
    int threads = in.countSlot < 0 ? 0 : w.r[in.countSlot + lane];
    if (threads % 32 != 0) {
      throw w.fail(
          FindingKind.DIVERGENT_BARRIER,
          lane,
          "a thread count of " + threads + ", no multiple of 32");
    }
    Barrier b = barriers[id];
    if (b.arrivals > 0 && b.threads != threads) {
      throw w.fail(
          FindingKind.DIVERGENT_BARRIER,
          lane,
          "barrier " + id + " for " + threads + " threads, where others expect " + b.threads);
    }
    b.threads = threads;
    b.arrivals++;
    int votes = 0;
    if (in.action != BarrierInstruction.Action.SYNC
        && in.action != BarrierInstruction.Action.ARRIVE) {
      votes = (in.negated ? ~w.p[in.p] : w.p[in.p]) & w.live;
      b.votes += Integer.bitCount(votes);
      b.voters += Integer.bitCount(w.live);
    }
    w.actor.release(b.clock);
    if (in.action != BarrierInstruction.Action.ARRIVE) {
      b.waiting |= 1 << w.id;
      order.block(w.id);
    }
    complete(b);
  }

  /** Lets the waiting warps go once all have arrived. */
  private void complete(Barrier b) {
    int expected = b.threads == 0 ? order.alive() : b.threads / 32;
    if (b.arrivals == 0 || b.arrivals < expected) {
      return;
    }
    for (int m = b.waiting; m != 0; m &= m - 1) {
      Warp w = warps[Integer.numberOfTrailingZeros(m)];
      w.actor.acquire(b.clock);
      reduce(w, b);
      order.resume(w.id);
    }
    b.clear();
  }

  private static void reduce(Warp w, Barrier b) {
    BarrierInstruction in = w.barrier;
    switch (in.action) {
      case POPC -> {
        for (int m = w.live; m != 0; m &= m - 1) {
          w.r[in.d + Integer.numberOfTrailingZeros(m)] = b.votes;
        }
      }
      case AND -> w.setPredicate(in.d, b.votes == b.voters ? -1 : 0, w.live);
      case OR -> w.setPredicate(in.d, b.votes > 0 ? -1 : 0, w.live);
      case SYNC, ARRIVE -> {}
    }
  }

  private SimulationException deadlock() {
    StringBuilder text = new StringBuilder("no warp can go on:");
    for (int i = 0; i < barriers.length; i++) {
      Barrier b = barriers[i];
      if (b.arrivals > 0) {
        text.append(
            String.format(
                " barrier %d has %d of %d warps (waiting 0x%x)",
                i, b.arrivals, b.threads == 0 ? order.alive() : b.threads / 32, b.waiting));
      }
    }
    int first = order.firstBlocked();
    return first < 0
        ? new SimulationException(finding(FindingKind.DEADLOCK, -1, text.toString()))
        : warps[first].fail(FindingKind.DEADLOCK, -1, text.toString());
  }

  Finding finding(FindingKind kind, int warp, String message) {
    return new Finding(kind, kernelName(), x, y, z, warp, -1, 0, null, message);
  }

  boolean early() {
    return order.early();
  }

  /** Returns the lane whose atomic access goes first. */
  int randomLane() {
    return order.lane();
  }

  /** Returns the sums of instructions: warps', threads'. */
  long[] instructions() {
    return new long[] {
      Arrays.stream(warps).mapToLong(w -> w.instructions).sum(),
      Arrays.stream(warps).mapToLong(w -> w.threadInstructions).sum()
    };
  }

  /** A named barrier. */
  private static final class Barrier {
    final int[] clock;
    int arrivals;
    int threads;
    int waiting;
    int votes;
    int voters;

    Barrier(int warps) {
      clock = new int[warps];
    }

    void clear() {
      arrivals = 0;
      threads = 0;
      waiting = 0;
      votes = 0;
      voters = 0;
      Arrays.fill(clock, 0);
    }
  }
}
