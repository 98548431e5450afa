package org.touchstone.backends.cuda;

import org.touchstone.backends.cuda.driver.CudaDriver;
import org.touchstone.backends.cuda.driver.DeviceAttribute;

/**
 * What launches depend on.
 *
 * @param major major number of the compute capability
 * @param minor minor number of the compute capability
 * @param multiprocessors number of multiprocessors
 * @param sharedPerBlock bytes of shared memory that a block may opt into
 * @param pools whether the device has a memory pool
 */
record Gpu(int major, int minor, int multiprocessors, int sharedPerBlock, Pools pools) {
  /** Whether memory comes from a pool. */
  enum Pools {
    /** {@code cuMemAllocAsync} works. */
    SUPPORTED,
    /** Only {@code cuMemAlloc} works. */
    ABSENT
  }

  static Gpu of(CudaDriver driver, CudaDriver.Device device) {
    return new Gpu(
        driver.deviceGetAttribute(DeviceAttribute.COMPUTE_CAPABILITY_MAJOR, device),
        driver.deviceGetAttribute(DeviceAttribute.COMPUTE_CAPABILITY_MINOR, device),
        Math.max(1, driver.deviceGetAttribute(DeviceAttribute.MULTIPROCESSOR_COUNT, device)),
        Math.max(
            driver.deviceGetAttribute(DeviceAttribute.MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, device),
            driver.deviceGetAttribute(DeviceAttribute.MAX_SHARED_MEMORY_PER_BLOCK, device)),
        driver.deviceGetAttribute(DeviceAttribute.MEMORY_POOLS_SUPPORTED, device) == 0
            ? Pools.ABSENT
            : Pools.SUPPORTED);
  }

  /** Returns the compute capability as PTX targets write it, 10 · major + minor. */
  int computeCapability() {
    return 10 * major + minor;
  }

  /** Returns the target as {@code sm_90}. */
  String target() {
    return "sm_" + computeCapability();
  }
}
