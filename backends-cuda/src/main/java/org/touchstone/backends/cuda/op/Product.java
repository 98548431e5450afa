package org.touchstone.backends.cuda.op;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.backends.cuda.driver.DevicePointer;
import org.touchstone.backends.cuda.driver.KernelParams;

/**
 * The tensors of one matrix product as the kernels of module {@code gemm} take them. Rows of A, of
 * its scales and of C lie a step apart; masked groups lie a batch step apart. For one launch.
 */
final class Product {
  private static final long CHUNK = 16;

  private final long n;
  private final long k;
  private DevicePointer a = DevicePointer.NULL;
  private DevicePointer b = DevicePointer.NULL;
  private DevicePointer scaleA = DevicePointer.NULL;
  private DevicePointer scaleB = DevicePointer.NULL;
  private DevicePointer bias = DevicePointer.NULL;
  private DevicePointer c = DevicePointer.NULL;
  private DevicePointer rowMap = DevicePointer.NULL;
  private long stepA;
  private long batchA;
  private long stepScaleA;
  private long batchScaleA;
  private long stepC;
  private long batchC;
  private int rowDivisor = 1;
  private int accumulate;
  private DType typeC = DType.F32;

  /** Starts a product with {@code n} columns of {@code k} terms. */
  Product(long n, long k) {
    this.n = n;
    this.k = k;
  }

  /** Starts a product of tensors, {@code scales} those of B. */
  static Product of(long n, long k, Tensor a, Tensor b, @Nullable Tensor scales, Tensor c) {
    return new Product(n, k).a(a).b(Launches.pointer(b), Launches.pointer(scales)).c(c);
  }

  Product a(DevicePointer pointer, long step, long batch) {
    a = pointer;
    stepA = step;
    batchA = batch;
    return this;
  }

  /** Takes rows of the last two dimensions of a tensor, and batches of the one before. */
  Product a(Tensor tensor) {
    return a(Launches.pointer(tensor), Launches.step(tensor, -2), batch(tensor, 3));
  }

  Product b(DevicePointer pointer, DevicePointer scales) {
    b = pointer;
    scaleB = scales;
    return this;
  }

  Product scaleA(DevicePointer pointer, long step, long batch) {
    scaleA = pointer;
    stepScaleA = step;
    batchScaleA = batch;
    return this;
  }

  Product bias(@Nullable Tensor tensor) {
    bias = Launches.pointer(tensor);
    return this;
  }

  Product c(DevicePointer pointer, long step, DType type) {
    c = pointer;
    stepC = step;
    typeC = type;
    return this;
  }

  Product c(Tensor tensor) {
    c(Launches.pointer(tensor), Launches.step(tensor, -2), tensor.dtype());
    batchC = batch(tensor, 3);
    return this;
  }

  /** Takes row {@code map[r] / divisor} of A for row r of C. */
  Product rowsThrough(DevicePointer map, long divisor) {
    rowMap = map;
    rowDivisor = Math.toIntExact(divisor);
    return this;
  }

  Product addingToC() {
    accumulate = 1;
    return this;
  }

  /** Returns the step between batches of a tensor of that rank, 0 for tensors of a lower one. */
  static long batch(Tensor tensor, int rank) {
    return tensor.shape().rank() < rank ? 0 : tensor.strides().step(-rank);
  }

  /**
   * Says whether every row of A and B starts at a multiple of 16 bytes and is as long as one, so
   * that rows move in whole chunks.
   *
   * @param elementBytes bytes of an element of A and B
   */
  boolean movesInChunks(long elementBytes) {
    long bytes =
        a.address() | b.address() | stepA * elementBytes | batchA * elementBytes | k * elementBytes;
    return k > 0 && bytes % CHUNK == 0;
  }

  long columns() {
    return n;
  }

  void describe(KernelParams params, int scales) {
    params
        .pointer(a)
        .pointer(b)
        .pointer(scaleA)
        .pointer(scaleB)
        .pointer(bias)
        .pointer(c)
        .pointer(rowMap)
        .i64(n)
        .i64(k)
        .i64(stepA)
        .i64(batchA)
        .i64(stepScaleA)
        .i64(batchScaleA)
        .i64(stepC)
        .i64(batchC)
        .i32(rowDivisor)
        .i32(scales)
        .i32(accumulate)
        .i32(Launches.type(typeC));
  }
}
