package org.touchstone.backends.cpu.reference;

import java.util.LinkedHashMap;
import java.util.Map;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.KvCacheWriteArgs;
import org.touchstone.api.op.KvCacheWriteSpec;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.Expected;
import org.touchstone.backends.oracle.OracleRequest;

/**
 * {@code kv_cache_write}: scatters token rows to slots of a paged cache. Everything else in the
 * cache keeps its bits, so all of it is judged, whatever the scope.
 */
final class KvCacheWriteReference implements Reference<KvCacheWriteSpec, KvCacheWriteArgs> {
  @Override
  public Expectation expect(
      KvCacheWriteSpec spec, KvCacheWriteArgs args, OracleRequest request, CpuThreads threads) {
    long[] slots = HostTensors.codes(args.slotMapping());
    int key = Math.toIntExact(spec.kvHeads() * spec.keyDim());
    int value = Math.toIntExact(spec.kvHeads() * spec.valueDim());
    Map<String, Expected> outputs = new LinkedHashMap<>();
    long[] keyCache = HostTensors.codes(request.before("keyCache"));
    outputs.put("keyCache", Expected.Codes.all(spec.cache(), keyCache));
    if (spec.kind() == KvCacheWriteSpec.Kind.LATENT) {
      scatter(codes(args.key(), spec.cache()), key, slots, keyCache, key + value, 0);
      scatter(codes(args.value(), spec.cache()), value, slots, keyCache, key + value, key);
    } else {
      long[] valueCache = HostTensors.codes(request.before("valueCache"));
      scatter(codes(args.key(), spec.cache()), key, slots, keyCache, key, 0);
      scatter(codes(args.value(), spec.cache()), value, slots, valueCache, value, 0);
      outputs.put("valueCache", Expected.Codes.all(spec.cache(), valueCache));
    }
    return new Expectation(outputs);
  }

  private static void scatter(
      long[] rows, int width, long[] slots, long[] cache, int cacheWidth, int column) {
    long places = cache.length / cacheWidth;
    for (int t = 0; t < slots.length; t++) {
      if (slots[t] >= 0 && slots[t] < places) {
        int to = Math.toIntExact(slots[t] * cacheWidth + column);
        System.arraycopy(rows, t * width, cache, to, width);
      }
    }
  }

  /** Converts to the cache's type; without a change of type, and when widening, bits survive. */
  private static long[] codes(Tensor rows, DType cache) {
    long[] codes = HostTensors.codes(rows);
    if (rows.dtype() == cache) {
      return codes;
    }
    if (cache == DType.F32) {
      for (int i = 0; i < codes.length; i++) {
        codes[i] <<= Short.SIZE;
      }
      return codes;
    }
    double[] values = HostTensors.doubles(rows);
    for (int i = 0; i < codes.length; i++) {
      codes[i] = Integer.toUnsignedLong(cache.format().encode(values[i], Saturation.NONSAT));
    }
    return codes;
  }
}
