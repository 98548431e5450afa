package org.touchstone.backends.cuda.op;

import org.touchstone.api.Tensor;
import org.touchstone.api.op.KvCacheWriteArgs;
import org.touchstone.api.op.KvCacheWriteSpec;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;
import org.touchstone.backends.cuda.driver.KernelParams;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** {@code kv_cache_write}: one thread per element, keys and values in a launch each. */
final class KvCacheWriteKernel implements Kernel<KvCacheWriteArgs> {
  private final KvCacheWriteSpec spec;
  private final CudaFunction kernel;

  private KvCacheWriteKernel(KvCacheWriteSpec spec, CudaContext context) {
    this.spec = spec;
    kernel = context.function("kv_cache_write", "ts_kv_cache_write");
  }

  static Plan<KvCacheWriteArgs> plan(KvCacheWriteSpec spec, CudaContext context) {
    return new Plan.Runs<>(
        "kv_cache_write.elements",
        Launches.traits(context),
        () -> new KvCacheWriteKernel(spec, context));
  }

  @Override
  public void launch(BackendQueue queue, KvCacheWriteArgs args, DeviceMemory workspace) {
    Tensor values = args.valueCache();
    long key = spec.keyDim();
    long value = spec.valueDim();
    if (values == null) {
      write(queue, args, args.key(), args.keyCache(), key, key + value, 0);
      write(queue, args, args.value(), args.keyCache(), value, key + value, key);
    } else {
      write(queue, args, args.key(), args.keyCache(), key, spec.kvHeads() * key, 0);
      write(queue, args, args.value(), values, value, spec.kvHeads() * value, 0);
    }
  }

  /** Writes {@code dim} elements per head to places {@code row} elements apart. */
  private void write(
      BackendQueue queue,
      KvCacheWriteArgs args,
      Tensor src,
      Tensor cache,
      long dim,
      long row,
      long offset) {
    long tokens = src.dim(0);
    if (tokens == 0) {
      return;
    }
    Launches.tasks(
        queue,
        kernel,
        tokens * spec.kvHeads() * dim,
        new KernelParams()
            .pointer(Launches.pointer(src))
            .pointer(Launches.pointer(args.slotMapping()))
            .pointer(Launches.pointer(cache))
            .i64(tokens)
            .i64(spec.kvHeads())
            .i64(dim)
            .i64(Launches.step(src, 0))
            .i64(Launches.step(src, 1))
            .i64(row)
            .i64(dim)
            .i64(offset)
            .i64(cache.dim(0) * spec.pageSize())
            .i32(Launches.type(spec.input()))
            .i32(Launches.type(spec.cache())));
  }
}
