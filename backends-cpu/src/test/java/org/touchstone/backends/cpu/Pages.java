package org.touchstone.backends.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.LongSupplier;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Saturation;
import org.touchstone.backends.host.HostTensors;

/**
 * A paged cache for tests: shuffled pages, NaN in every slot that no key uses, table entries that
 * point nowhere beyond a sequence's length.
 *
 * @param table I32 [B, maxPages]
 * @param lengths I32 [B]
 * @param count pages of the cache
 * @param size tokens per page
 */
record Pages(Tensor table, Tensor lengths, int count, int size) {
  static Pages of(AttentionData data, int batch, int size, LongSupplier length) {
    long[] lengths = new long[batch];
    int width = 1;
    int used = 0;
    for (int b = 0; b < batch; b++) {
      lengths[b] = length.getAsLong();
      int pages = (int) Math.ceilDiv(lengths[b], size);
      width = Math.max(width, pages + data.random.nextInt(2));
      used += pages;
    }
    int count = used + 1;
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      order.add(i);
    }
    Collections.shuffle(order, data.random);
    long[] table = new long[batch * width];
    Arrays.fill(table, Integer.MIN_VALUE);
    int next = 0;
    for (int b = 0; b < batch; b++) {
      for (int p = 0; p < Math.ceilDiv(lengths[b], size); p++) {
        table[b * width + p] = order.get(next++);
      }
    }
    return new Pages(
        data.integers(DType.I32, table).reshape(batch, width),
        data.integers(DType.I32, lengths),
        count,
        size);
  }

  /** Makes a cache [pages, page, rowDims...] of normal numbers where keys lie, NaN elsewhere. */
  Tensor cache(AttentionData data, DType type, long... rowDims) {
    long[] dims = new long[rowDims.length + 2];
    dims[0] = count;
    dims[1] = size;
    int row = 1;
    for (int i = 0; i < rowDims.length; i++) {
      dims[i + 2] = rowDims[i];
      row *= (int) rowDims[i];
    }
    Tensor cache = data.empty(type, dims);
    double[] values = new double[count * size * row];
    Arrays.fill(values, Double.NaN);
    long[] entries = HostTensors.codes(table);
    long[] length = HostTensors.codes(lengths);
    int width = (int) table.dim(1);
    for (int b = 0; b < length.length; b++) {
      for (int j = 0; j < length[b]; j++) {
        int at = (int) (entries[b * width + j / size] * size + j % size) * row;
        for (int d = 0; d < row; d++) {
          values[at + d] = data.random.nextGaussian();
        }
      }
    }
    HostTensors.write(cache, values, Saturation.NONSAT);
    return cache;
  }
}
