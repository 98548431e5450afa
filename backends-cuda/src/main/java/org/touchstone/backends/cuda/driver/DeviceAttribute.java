package org.touchstone.backends.cuda.driver;

/** What can be asked of a device ({@code CUdevice_attribute} of {@code cuda.h}). */
public enum DeviceAttribute {
  /** Threads of a block at most. */
  MAX_THREADS_PER_BLOCK(1),
  /** Blocks of a grid in x at most. */
  MAX_GRID_DIM_X(5),
  /** Blocks of a grid in y at most. */
  MAX_GRID_DIM_Y(6),
  /** Blocks of a grid in z at most. */
  MAX_GRID_DIM_Z(7),
  /** Bytes of shared memory that a block gets without opting in. */
  MAX_SHARED_MEMORY_PER_BLOCK(8),
  /** Threads of a warp. */
  WARP_SIZE(10),
  /** Registers of a block at most. */
  MAX_REGISTERS_PER_BLOCK(12),
  /** Peak clock in kHz. */
  CLOCK_RATE(13),
  /** Number of multiprocessors. */
  MULTIPROCESSOR_COUNT(16),
  /** 1 when the device shares the host's memory. */
  INTEGRATED(18),
  /** 0 default, 2 prohibited, 3 exclusive process. */
  COMPUTE_MODE(20),
  /** PCI bus number. */
  PCI_BUS_ID(33),
  /** PCI device number. */
  PCI_DEVICE_ID(34),
  /** Width of the memory bus in bits. */
  GLOBAL_MEMORY_BUS_WIDTH(37),
  /** Bytes of the L2 cache. */
  L2_CACHE_SIZE(38),
  /** Threads of a multiprocessor at most. */
  MAX_THREADS_PER_MULTIPROCESSOR(39),
  /** PCI domain number. */
  PCI_DOMAIN_ID(50),
  /** Major number of the compute capability. */
  COMPUTE_CAPABILITY_MAJOR(75),
  /** Minor number of the compute capability. */
  COMPUTE_CAPABILITY_MINOR(76),
  /** Bytes of shared memory of a multiprocessor. */
  MAX_SHARED_MEMORY_PER_MULTIPROCESSOR(81),
  /** Registers of a multiprocessor. */
  MAX_REGISTERS_PER_MULTIPROCESSOR(82),
  /** 1 when cooperative launches work. */
  COOPERATIVE_LAUNCH(95),
  /** Bytes of shared memory of a block that opted in. */
  MAX_SHARED_MEMORY_PER_BLOCK_OPTIN(97),
  /** Blocks of a multiprocessor at most. */
  MAX_BLOCKS_PER_MULTIPROCESSOR(106),
  /** Bytes of shared memory that the driver keeps of every block. */
  RESERVED_SHARED_MEMORY_PER_BLOCK(111),
  /** 1 when {@code cuMemAllocAsync} works. */
  MEMORY_POOLS_SUPPORTED(115),
  /** 1 when thread block clusters work. */
  CLUSTER_LAUNCH(120),
  /** 1 when tensor maps work. */
  TENSOR_MAP_ACCESS_SUPPORTED(127);

  private final int code;

  DeviceAttribute(int code) {
    this.code = code;
  }

  /** Returns the number of {@code cuda.h}. */
  public int code() {
    return code;
  }
}
