package org.touchstone.backends.cuda.op;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.CudaMemory;
import org.touchstone.backends.cuda.CudaQueue;
import org.touchstone.backends.cuda.driver.DevicePointer;
import org.touchstone.backends.cuda.driver.Dim3;
import org.touchstone.backends.cuda.driver.KernelParams;
import org.touchstone.backends.spi.BackendQueue;

/** What launches have in common. */
final class Launches {
  /** Threads of a block that works element by element. */
  static final int THREADS = 256;

  /** Threads of a warp. */
  static final int WARP = 32;

  private Launches() {}

  /** Returns the number by which kernels know an element type. */
  static int type(DType type) {
    return switch (type) {
      case F32 -> 0;
      case F16 -> 1;
      case BF16 -> 2;
      case E4M3FN -> 3;
      case E5M2 -> 4;
      case E4M3FNUZ -> 5;
      case E5M2FNUZ -> 6;
      case E2M1 -> 7;
      case E8M0 -> 8;
      default -> throw new IllegalArgumentException(type + " is no floating-point type");
    };
  }

  /** Returns the address of a tensor, null for none. */
  static DevicePointer pointer(@Nullable Tensor tensor) {
    return tensor == null ? DevicePointer.NULL : CudaMemory.pointer(tensor);
  }

  /** Returns the step of a dimension; 0 without a tensor. */
  static long step(@Nullable Tensor tensor, int dimension) {
    return tensor == null ? 0 : tensor.strides().step(dimension);
  }

  /** Returns what a kernel of plain FP32 arithmetic declares on a device. */
  static KernelTraits traits(CudaContext context) {
    return KernelTraits.PLAIN_F32.with(context.evidence());
  }

  /** Launches one thread per task; kernels loop over what is beyond the grid. */
  static void tasks(BackendQueue queue, CudaFunction kernel, long tasks, KernelParams params) {
    CudaQueue.of(queue).launchLooping(kernel, Math.ceilDiv(tasks, THREADS), THREADS, 0, params);
  }

  /** Launches one warp per task. */
  static void warps(BackendQueue queue, CudaFunction kernel, long tasks, KernelParams params) {
    CudaQueue.of(queue)
        .launchLooping(kernel, Math.ceilDiv(tasks, THREADS / WARP), THREADS, 0, params);
  }

  /** Launches exactly one block per row. */
  static void rows(
      BackendQueue queue,
      CudaFunction kernel,
      long rows,
      int threads,
      int shared,
      KernelParams params) {
    if (rows > 0) {
      CudaQueue.of(queue)
          .launch(kernel, Dim3.of(Math.toIntExact(rows)), Dim3.of(threads), shared, params);
    }
  }

  /** Returns how many threads share a row. */
  static int threadsOfRow(long elements) {
    return elements <= WARP ? WARP : elements <= 1024 ? 128 : 256;
  }

  /** Returns how many additions follow the threads' own sums in {@code block_sum}. */
  static int additionsOfBlock(int threads) {
    return 5 + threads / WARP - 1;
  }
}
