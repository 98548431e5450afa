package org.touchstone.backends.cpu.reference;

import java.util.Arrays;
import java.util.function.LongUnaryOperator;
import org.touchstone.api.Tensor;
import org.touchstone.backends.host.HostTensors;

/** Says which keys belong to a query, for each way in which sequences lie in memory. */
@FunctionalInterface
interface AttentionQueries {
  /**
   * A query within its sequence.
   *
   * @param position absolute position, {@code keys - queries + i}; negative before the first key
   * @param keys keys of the sequence
   * @param keyRow number of the token row that holds a key
   */
  record Query(long position, long keys, LongUnaryOperator keyRow) {}

  /** Locates the query of a token row. */
  Query locate(long token);

  /** Locates queries in a batch of equally long sequences. */
  static AttentionQueries padded(long queries, long keys) {
    return token -> {
      long first = token / queries * keys;
      return new Query(keys - queries + token % queries, keys, j -> first + j);
    };
  }

  /** Locates queries in sequences that follow one another, bounded by cumulative lengths. */
  static AttentionQueries varlen(Tensor cuSeqlensQ, Tensor cuSeqlensK) {
    long[] q = HostTensors.codes(cuSeqlensQ);
    long[] k = HostTensors.codes(cuSeqlensK);
    return token -> {
      int b = sequence(q, token);
      long keys = k[b + 1] - k[b];
      return new Query(keys - (q[b + 1] - q[b]) + token - q[b], keys, j -> k[b] + j);
    };
  }

  /** Returns the sequence of a token: empty sequences before it share its start. */
  private static int sequence(long[] bounds, long token) {
    int after = Arrays.binarySearch(bounds, token);
    int b = after < 0 ? -after - 2 : after;
    while (bounds[b + 1] <= token) {
      b++;
    }
    return b;
  }

  /** Locates queries, equally many per sequence, over pages of a cache. */
  static AttentionQueries paged(long queries, Tensor blockTable, Tensor seqLens, long pageSize) {
    long[] table = HostTensors.codes(blockTable);
    long[] lengths = HostTensors.codes(seqLens);
    int width = Math.toIntExact(blockTable.dim(1));
    return token -> {
      int b = Math.toIntExact(token / queries);
      long keys = lengths[b];
      return new Query(
          keys - queries + token % queries,
          keys,
          j -> table[Math.toIntExact(b * (long) width + j / pageSize)] * pageSize + j % pageSize);
    };
  }
}
