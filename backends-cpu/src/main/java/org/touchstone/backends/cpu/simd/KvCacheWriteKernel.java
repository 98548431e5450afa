package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.KvCacheWriteArgs;
import org.touchstone.api.op.KvCacheWriteSpec;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.spi.Plan;

/** {@code kv_cache_write}: copies each token's rows to its slot. */
final class KvCacheWriteKernel {
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

  private final KvCacheWriteSpec spec;
  private final CpuThreads threads;

  private KvCacheWriteKernel(KvCacheWriteSpec spec, CpuThreads threads) {
    this.spec = spec;
    this.threads = threads;
  }

  static Plan<KvCacheWriteArgs> plan(KvCacheWriteSpec spec, CpuThreads threads) {
    KvCacheWriteKernel kernel = new KvCacheWriteKernel(spec, threads);
    return Plan.runs(
        "scatter", KernelTraits.PLAIN_F32, (queue, args, workspace) -> kernel.launch(args));
  }

  private void launch(KvCacheWriteArgs args) {
    long perKey = spec.kvHeads() * spec.keyDim();
    long perValue = spec.kvHeads() * spec.valueDim();
    Tensor valueCache = args.valueCache();
    Target keys;
    Target values;
    if (valueCache == null) {
      keys = new Target(args.keyCache(), perKey + perValue, 0);
      values = new Target(args.keyCache(), perKey + perValue, perKey);
    } else {
      keys = new Target(args.keyCache(), perKey, 0);
      values = new Target(valueCache, perValue, 0);
    }
    TokenRows key = TokenRows.of(args.key());
    TokenRows value = TokenRows.of(args.value());
    MemorySegment slots = args.slotMapping().buffer().host();
    long firstSlot = args.slotMapping().byteOffset();
    long places = args.keyCache().dim(0) * spec.pageSize();
    threads.forEach(
        args.slotMapping().dim(0),
        perKey + perValue,
        token -> {
          long slot = slots.get(LONG, firstSlot + token * Long.BYTES);
          if (slot >= 0 && slot < places) {
            keys.write(key, token, slot);
            values.write(value, token, slot);
          }
        });
  }

  /** Rows of a dense cache. */
  private final class Target {
    private final MemorySegment memory;
    private final long base;
    private final long step;
    private final long bytes;

    Target(Tensor cache, long width, long column) {
      memory = cache.buffer().host();
      bytes = cache.dtype().bits() / 8;
      base = cache.byteOffset() + column * bytes;
      step = width * bytes;
    }

    void write(TokenRows rows, long token, long slot) {
      for (long h = 0; h < spec.kvHeads(); h++) {
        long from = rows.offset(0, token, h);
        long to = base + slot * step + h * rows.count() * bytes;
        if (spec.input() == spec.cache()) {
          MemorySegment.copy(rows.memory(), from, memory, to, rows.count() * bytes);
        } else {
          float[] scratch = FloatScratch.current().rows(rows.count());
          rows.load(0, token, h, scratch, 0);
          FloatRows.store(scratch, 0, memory, to, spec.cache(), rows.count());
        }
      }
    }
  }
}
