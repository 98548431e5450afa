package org.touchstone.backends.cuda.sim;

import java.util.List;
import java.util.Optional;

/**
 * The limits of a simulated device, after the CUDA C++ Programming Guide, technical specifications
 * per compute capability.
 *
 * @param target for example {@code sm_89}
 * @param name a device of that capability
 * @param major compute capability
 * @param minor compute capability
 * @param processors multiprocessors of that device
 * @param sharedPerBlockOptIn the most shared memory of a block, in bytes, that a kernel may ask for
 * @param sharedPerProcessor shared memory of a multiprocessor in bytes
 * @param threadsPerProcessor resident threads of a multiprocessor
 * @param blocksPerProcessor resident blocks of a multiprocessor
 */
public record DeviceProfile(
    String target,
    String name,
    int major,
    int minor,
    int processors,
    int sharedPerBlockOptIn,
    int sharedPerProcessor,
    int threadsPerProcessor,
    int blocksPerProcessor) {
  /** Shared memory of a block without opting in to more, in bytes. */
  public static final int SHARED_PER_BLOCK = 48 * 1024;

  /** Shared memory that the system keeps of each block, in bytes. */
  public static final int SHARED_RESERVED = 1024;

  /** The most threads of a block. */
  public static final int THREADS_PER_BLOCK = 1024;

  /** Registers of a multiprocessor, and the most of a block. */
  public static final int REGISTERS = 64 * 1024;

  private static final int KB = 1024;

  /** All profiles. */
  public static final List<DeviceProfile> ALL =
      List.of(
          new DeviceProfile("sm_80", "A100 (simulated)", 8, 0, 108, 163 * KB, 164 * KB, 2048, 32),
          new DeviceProfile("sm_89", "L40S (simulated)", 8, 9, 142, 99 * KB, 100 * KB, 1536, 24),
          new DeviceProfile("sm_90", "H100 (simulated)", 9, 0, 132, 227 * KB, 228 * KB, 2048, 32),
          new DeviceProfile("sm_100", "B200 (simulated)", 10, 0, 148, 227 * KB, 228 * KB, 2048, 32),
          new DeviceProfile(
              "sm_120", "RTX 5090 (simulated)", 12, 0, 170, 99 * KB, 100 * KB, 1536, 24));

  /** Returns the profile of a target, with or without an architecture suffix: sm_90 and sm_90a. */
  public static Optional<DeviceProfile> of(String target) {
    String plain =
        target.endsWith("a") || target.endsWith("f")
            ? target.substring(0, target.length() - 1)
            : target;
    return ALL.stream().filter(p -> p.target().equals(plain)).findFirst();
  }

  /** Returns the compute capability as a number, for example 89. */
  public int capability() {
    return major * 10 + minor;
  }
}
