package org.touchstone.backends.cuda.op;

import java.util.List;
import org.touchstone.api.Tensor;
import org.touchstone.backends.cuda.driver.DevicePointer;
import org.touchstone.backends.cuda.driver.KernelParams;

/**
 * Extents and steps of tensors of one shape, with neighbours merged that continue each other in all
 * of them. Kernels take the innermost four; what lies outside is walked by the host.
 */
final class MergedShape {
  private static final int RANK = 4;

  private final long[] extents;
  private final long[][] steps;
  private final List<Tensor> tensors;

  private MergedShape(long[] extents, long[][] steps, List<Tensor> tensors) {
    this.extents = extents;
    this.steps = steps;
    this.tensors = tensors;
  }

  /** Merges the shape of tensors that have elements. */
  static MergedShape of(Tensor... tensors) {
    int rank = tensors[0].shape().rank();
    long[] extents = new long[Math.max(rank, 1) + RANK];
    long[][] steps = new long[tensors.length][extents.length];
    int kept = 0;
    for (int d = rank - 1; d >= 0; d--) {
      long extent = tensors[0].dim(d);
      if (extent == 1) {
        continue;
      }
      boolean merges = kept > 0;
      for (int i = 0; i < tensors.length && merges; i++) {
        merges = tensors[i].strides().step(d) == steps[i][kept - 1] * extents[kept - 1];
      }
      if (merges) {
        extents[kept - 1] *= extent;
        continue;
      }
      extents[kept] = extent;
      for (int i = 0; i < tensors.length; i++) {
        steps[i][kept] = tensors[i].strides().step(d);
      }
      kept++;
    }
    if (kept == 0) {
      for (long[] step : steps) {
        step[0] = 1;
      }
    }
    for (int d = kept; d < extents.length; d++) {
      extents[d] = 1;
    }
    return new MergedShape(extents, steps, List.of(tensors));
  }

  /** Returns the innermost extent. */
  long innermost() {
    return extents[0];
  }

  /** Returns the rows of one launch. */
  long rows() {
    return extents[1] * extents[2] * extents[3];
  }

  /** Takes the addresses of one launch. */
  @FunctionalInterface
  interface Part {
    void launch(DevicePointer[] pointers);
  }

  /** Calls {@code part} for every index of the dimensions that kernels do not take. */
  void forEachPart(Part part) {
    long parts = 1;
    for (int d = RANK; d < extents.length; d++) {
      parts *= extents[d];
    }
    for (long index = 0; index < parts; index++) {
      DevicePointer[] pointers = new DevicePointer[tensors.size()];
      for (int i = 0; i < pointers.length; i++) {
        long elements = 0;
        long rest = index;
        for (int d = RANK; d < extents.length; d++) {
          elements += rest % extents[d] * steps[i][d];
          rest /= extents[d];
        }
        long bytes = elements * tensors.get(i).dtype().bits() / Byte.SIZE;
        pointers[i] = Launches.pointer(tensors.get(i)).plus(bytes);
      }
      part.launch(pointers);
    }
  }

  /** Appends the four extents and the steps of each tensor, outermost first. */
  void describe(KernelParams params) {
    append(params, extents);
    for (long[] step : steps) {
      append(params, step);
    }
  }

  private static void append(KernelParams params, long[] values) {
    for (int d = RANK - 1; d >= 0; d--) {
      params.i64(values[d]);
    }
  }
}
