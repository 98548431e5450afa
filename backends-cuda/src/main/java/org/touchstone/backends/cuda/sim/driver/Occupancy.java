package org.touchstone.backends.cuda.sim.driver;

import org.touchstone.backends.cuda.driver.DeviceAttribute;
import org.touchstone.backends.cuda.sim.DeviceProfile;
import org.touchstone.backends.cuda.sim.exec.Program;

/** What a profile allows: attributes, and how many blocks of a kernel fit. */
final class Occupancy {
  private static final int REGISTER_UNIT = 256;
  private static final int SHARED_UNIT = 128;

  private Occupancy() {}

  static int attribute(DeviceProfile p, DeviceAttribute attribute) {
    return switch (attribute) {
      case MAX_THREADS_PER_BLOCK -> DeviceProfile.THREADS_PER_BLOCK;
      case MAX_GRID_DIM_X -> Integer.MAX_VALUE;
      case MAX_GRID_DIM_Y, MAX_GRID_DIM_Z -> 65535;
      case MAX_SHARED_MEMORY_PER_BLOCK -> DeviceProfile.SHARED_PER_BLOCK;
      case WARP_SIZE -> 32;
      case MAX_REGISTERS_PER_BLOCK, MAX_REGISTERS_PER_MULTIPROCESSOR -> DeviceProfile.REGISTERS;
      case CLOCK_RATE -> 1_000_000;
      case MULTIPROCESSOR_COUNT -> p.processors();
      case GLOBAL_MEMORY_BUS_WIDTH -> 384;
      case L2_CACHE_SIZE -> 48 << 20;
      case MAX_THREADS_PER_MULTIPROCESSOR -> p.threadsPerProcessor();
      case COMPUTE_CAPABILITY_MAJOR -> p.major();
      case COMPUTE_CAPABILITY_MINOR -> p.minor();
      case MAX_SHARED_MEMORY_PER_MULTIPROCESSOR -> p.sharedPerProcessor();
      case MAX_SHARED_MEMORY_PER_BLOCK_OPTIN -> p.sharedPerBlockOptIn();
      case MAX_BLOCKS_PER_MULTIPROCESSOR -> p.blocksPerProcessor();
      case RESERVED_SHARED_MEMORY_PER_BLOCK -> DeviceProfile.SHARED_RESERVED;
      case MEMORY_POOLS_SUPPORTED -> 1;
      case INTEGRATED,
          COMPUTE_MODE,
          PCI_BUS_ID,
          PCI_DEVICE_ID,
          PCI_DOMAIN_ID,
          COOPERATIVE_LAUNCH,
          CLUSTER_LAUNCH,
          TENSOR_MAP_ACCESS_SUPPORTED ->
          0;
    };
  }

  /** Returns the blocks that fit on a multiprocessor at once. */
  static int blocks(DeviceProfile p, Program kernel, int threads, long dynamicShared) {
    int warps = (threads + 31) / 32;
    long shared =
        up(kernel.staticShared() + dynamicShared + DeviceProfile.SHARED_RESERVED, SHARED_UNIT);
    long registers = (long) warps * up(32L * kernel.registers(), REGISTER_UNIT);
    long fit = Math.min(p.blocksPerProcessor(), p.threadsPerProcessor() / (warps * 32));
    fit = Math.min(fit, p.sharedPerProcessor() / shared);
    fit = Math.min(fit, DeviceProfile.REGISTERS / registers);
    boolean legal =
        threads <= maxThreads(kernel)
            && kernel.staticShared() + dynamicShared <= p.sharedPerBlockOptIn();
    return legal ? (int) fit : 0;
  }

  /** Returns the most threads of a block that the kernel's registers and directives allow. */
  static int maxThreads(Program kernel) {
    int byRegisters =
        (int) (DeviceProfile.REGISTERS / up(32L * kernel.registers(), REGISTER_UNIT)) * 32;
    int limit = kernel.maxThreads() > 0 ? kernel.maxThreads() : DeviceProfile.THREADS_PER_BLOCK;
    return Math.min(limit, kernel.maxThreads() > 0 ? limit : byRegisters);
  }

  private static long up(long value, int unit) {
    return (value + unit - 1) / unit * unit;
  }
}
