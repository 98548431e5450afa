package org.touchstone.backends.spi;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * Looks at what the kernels of a backend take of a device, found by {@link
 * java.util.ServiceLoader}.
 */
public interface KernelInspector {
  /** Returns the backend's name. */
  String backend();

  /** Runs work and returns the kernels that this thread launches meanwhile, in order. */
  List<LaunchedKernel> watch(Runnable work);

  /**
   * A launch.
   *
   * @param function name of the kernel function
   * @param source file that holds it
   * @param groups number of work-groups
   * @param groupSize work-items of a group
   * @param largestGroup most work-items that the driver runs this function with
   * @param multiple the driver's preferred multiple of work-items
   * @param localBytes local memory of a group
   * @param privateBytes private memory of a work-item, where the driver tells it: what does not fit
   *     into registers, on most drivers
   * @param access how neighbours reach memory together, where it was looked at
   */
  record LaunchedKernel(
      String function,
      String source,
      long groups,
      long groupSize,
      long largestGroup,
      long multiple,
      long localBytes,
      OptionalLong privateBytes,
      Optional<Access> access) {}

  /**
   * Which share of the memory that work-items fetch together they asked for, in percent: 100 where
   * neighbours read elements in order.
   *
   * @param loadsUsed of what is read; none for a kernel that reads nothing
   * @param storesUsed of what is written
   */
  record Access(OptionalInt loadsUsed, OptionalInt storesUsed) {}
}
