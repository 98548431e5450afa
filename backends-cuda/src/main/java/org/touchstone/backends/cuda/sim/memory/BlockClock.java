package org.touchstone.backends.cuda.sim.memory;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What a block knows of other blocks of its launch.
 *
 * <p>The rule is the usual idiom's: writes, a fence of device scope, then an atomic access to a
 * location release; an atomic or volatile access to the same location by another block acquires.
 * Plain atomics without a fence order nothing.
 */
public final class BlockClock {
  /** Clocks that were released at locations, shared by the blocks of a launch. */
  public static final class Locations {
    private final Map<Long, Map<Integer, int[]>> clocks = new ConcurrentHashMap<>();
    private final int[] ordered = new int[256];

    /** Creates the clocks of a launch: none yet. */
    public Locations() {}
  }

  final int launch;
  final int block;
  final @Nullable LaunchOrder order;
  private final Locations locations;
  private final Map<Integer, int[]> seen = new HashMap<>();
  private boolean fenced;

  /**
   * Some other launches that were found to have happened before, by their low bits. Blocks of a
   * launch share it; a lost update costs another look.
   */
  final int[] ordered;

  /**
   * Creates the clock of a block.
   *
   * @param launch the launch's number, modulo 65536, never 0
   * @param block the block's linear index
   */
  public BlockClock(int launch, int block, Locations locations, @Nullable LaunchOrder order) {
    this.launch = launch;
    this.block = block & GlobalShadow.MAX_BLOCK;
    this.locations = locations;
    this.ordered = locations.ordered;
    this.order = order;
  }

  /** Notes a fence of device scope: the next atomic access releases. */
  public void fence() {
    fenced = true;
  }

  /** Notes an atomic, volatile, acquiring or releasing access. */
  public void synchronise(Actor actor, long address, boolean writes) {
    Map<Integer, int[]> at = locations.clocks.get(address);
    if (at != null) {
      at.forEach((other, clock) -> seen.merge(other, clock, BlockClock::later));
    }
    if (fenced && writes) {
      Map<Integer, int[]> out =
          locations.clocks.computeIfAbsent(address, a -> new ConcurrentHashMap<>());
      seen.forEach((other, clock) -> out.merge(other, clock, BlockClock::later));
      out.merge(block, actor.relativeClock(), BlockClock::later);
    }
  }

  private static int[] later(int[] a, int[] b) {
    int[] max = new int[a.length];
    for (int i = 0; i < max.length; i++) {
      max[i] = Math.max(a[i], b[i]);
    }
    return max;
  }

  boolean knows(int other, int warp, int relativeEpoch) {
    int[] clock = seen.get(other);
    return clock != null && clock[warp] >= relativeEpoch;
  }

  boolean knowsOthers() {
    return !seen.isEmpty();
  }
}
