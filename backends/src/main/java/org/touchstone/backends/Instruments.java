package org.touchstone.backends;

import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.MemorySource;

/**
 * What stands between the HAL and a backend's device while a suite looks at it.
 *
 * <pre>{@code
 * GuardedMemory[] guard = new GuardedMemory[1];
 * Instruments instruments =
 *     Instruments.NONE
 *         .seeding(mutant.seed())
 *         .memory(device -> guard[0] = GuardedMemory.around(device))
 *         .workspace(Instruments.Workspace.EXACT);
 * }</pre>
 *
 * @param device wraps the backend's device, for example with a seeded defect
 * @param memory makes the source of every buffer and workspace from the wrapped device
 * @param workspace how workspace is handed out
 */
public record Instruments(
    UnaryOperator<BackendDevice> device,
    Function<BackendDevice, MemorySource> memory,
    Workspace workspace) {
  /** How a queue hands out workspace. */
  public enum Workspace {
    /** The queue keeps the largest block that a kernel asked for. */
    POOLED,
    /**
     * Every launch gets a fresh block of exactly the size that its kernel asked for, so that memory
     * instruments see every overrun. Slow.
     */
    EXACT
  }

  /** Nothing between the HAL and the backend. */
  public static final Instruments NONE =
      new Instruments(UnaryOperator.identity(), BackendDevice::memory, Workspace.POOLED);

  /** Returns these instruments with a wrapper around the backend's device. */
  public Instruments seeding(UnaryOperator<BackendDevice> wrap) {
    return new Instruments(wrap, memory, workspace);
  }

  /** Returns these instruments with another source of memory. */
  public Instruments memory(Function<BackendDevice, MemorySource> source) {
    return new Instruments(device, source, workspace);
  }

  /** Returns these instruments with another way to hand out workspace. */
  public Instruments workspace(Workspace handedOut) {
    return new Instruments(device, memory, handedOut);
  }
}
