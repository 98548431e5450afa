package org.touchstone.backends.cuda.sim.check;

/** What a {@link Finding} is about. */
public enum FindingKind {
  /** An access outside every allocation, or across the end of one. */
  OUT_OF_BOUNDS,
  /** An access to an allocation that was freed. */
  DANGLING_POINTER,
  /** An address that is no multiple of the access size. */
  MISALIGNED,
  /** A read of shared memory that nothing wrote. */
  UNINITIALISED_SHARED,
  /** A read of global memory that nothing wrote. */
  UNINITIALISED_GLOBAL,
  /** A read of local memory that nothing wrote. */
  UNINITIALISED_LOCAL,
  /** A read of a register that nothing wrote. */
  UNINITIALISED_REGISTER,
  /** Two unordered accesses to a word of shared memory, at least one of which writes. */
  SHARED_RACE,
  /**
   * Two unordered accesses to a word of global memory within a launch, at least one of which
   * writes.
   */
  GLOBAL_RACE,
  /**
   * Two accesses by launches or copies that no stream order, event or synchronisation separates.
   */
  STREAM_RACE,
  /** A block barrier, or an instruction that needs the whole warp, reached by some lanes only. */
  DIVERGENT_BARRIER,
  /**
   * A member mask that names lanes which do not execute the instruction, or lacks the lane that
   * does.
   */
  WRONG_MEMBER_MASK,
  /** A shuffle that reads a lane which does not take part. */
  SHUFFLE_SOURCE,
  /** Shared memory that a pending asynchronous copy writes was used. */
  ASYNC_IN_FLIGHT,
  /** A thread ended before it waited for its asynchronous copies. */
  ASYNC_AT_EXIT,
  /** Warps wait for barriers that can never complete. */
  DEADLOCK,
  /** The launch ran more instructions than its limit. */
  NO_PROGRESS,
  /** A launch that the device cannot run: block size, shared memory, registers. */
  LAUNCH_LIMIT,
  /** Parameter bytes of another size than the kernel declares. */
  PARAMETER_SIZE,
  /** An allocation that was never freed. */
  LEAKED_ALLOCATION,
  /** A write to memory that may only be read. */
  READ_ONLY_WRITE,
  /** The kernel executed {@code trap}. */
  TRAP
}
