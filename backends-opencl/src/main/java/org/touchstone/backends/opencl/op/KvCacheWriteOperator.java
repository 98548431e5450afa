package org.touchstone.backends.opencl.op;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.KvCacheWriteArgs;
import org.touchstone.api.op.KvCacheWriteSpec;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.opencl.driver.OpenClKernel;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Plan;

/** Writes keys, then values; a work-group takes a token. */
final class KvCacheWriteOperator extends OpenClOperator<KvCacheWriteArgs> {
  private final KvCacheWriteSpec spec;
  private final Target target;

  private KvCacheWriteOperator(KvCacheWriteSpec spec, Target target, OpenClKernel kernel) {
    super(kernel);
    this.spec = spec;
    this.target = target;
  }

  static Plan<KvCacheWriteArgs> plan(KvCacheWriteSpec spec, Target target) {
    return new Plan.Runs<>(
        target.kernelName(spec.op()),
        target.traits(),
        () -> new KvCacheWriteOperator(spec, target, target.kernel("rows.cl", "kv_cache_write")));
  }

  @Override
  public void launch(BackendQueue queue, KvCacheWriteArgs args, DeviceMemory workspace) {
    if (args.slotMapping().dim(0) == 0 || args.keyCache().shape().elements() == 0) {
      return;
    }
    long perKey = spec.kvHeads() * spec.keyDim();
    long perValue = spec.kvHeads() * spec.valueDim();
    @Nullable Tensor valueCache = args.valueCache();
    if (valueCache == null) {
      long width = perKey + perValue;
      write(queue, args, args.key(), spec.keyDim(), args.keyCache(), width, 0);
      write(queue, args, args.value(), spec.valueDim(), args.keyCache(), width, perKey);
    } else {
      write(queue, args, args.key(), spec.keyDim(), args.keyCache(), perKey, 0);
      write(queue, args, args.value(), spec.valueDim(), valueCache, perValue, 0);
    }
  }

  /** Writes one row per token into places of {@code width} elements, from {@code column} on. */
  private void write(
      BackendQueue queue,
      KvCacheWriteArgs args,
      Tensor rows,
      long dim,
      Tensor cache,
      long width,
      long column) {
    kernel()
        .launch()
        .rows(rows)
        .i64(rows.strides().step(1))
        .tensor(args.slotMapping())
        .tensor(cache)
        .i32(TypeNumbers.of(spec.input()))
        .i32(TypeNumbers.of(spec.cache()))
        .i32(Math.toIntExact(spec.kvHeads()))
        .i32(Math.toIntExact(dim))
        .i64(width)
        .i64(column)
        .i64(cache.dim(0) * spec.pageSize())
        .run(queue, args.slotMapping().dim(0), target.rowGroup());
  }
}
