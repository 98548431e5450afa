package org.touchstone.backends.cpu.reference;

import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.AttentionMask;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.host.HostTensors;

/**
 * Attention in which query head {@code h} uses key head {@code h / (heads / kvHeads)}, over keys
 * and values that lie in token rows.
 *
 * @param heads query heads
 * @param kvHeads key heads
 * @param headDim elements of a query and a key
 * @param valueDim elements of a value
 * @param scale multiplier of the dot products
 * @param mask visible keys
 * @param softcap c, or 0 for none
 */
record GroupedAttention(
    long heads,
    long kvHeads,
    long headDim,
    long valueDim,
    double scale,
    AttentionMask mask,
    double softcap) {
  /** Computes the chosen rows. */
  void run(
      Tensor q,
      Tensor k,
      Tensor v,
      @Nullable Tensor sinks,
      AttentionQueries queries,
      ErrorModel model,
      AttentionResults results,
      CpuThreads threads) {
    double[] query = HostTensors.doubles(q);
    double[] key = HostTensors.doubles(k);
    double[] value = HostTensors.doubles(v);
    double[] sink = sinks == null ? new double[0] : HostTensors.doubles(sinks);
    int depth = Math.toIntExact(headDim);
    int chosen = results.heads().length;
    long rows = (long) results.tokens().length * chosen;
    threads.forEach(
        rows,
        1L << 17,
        row -> {
          int token = (int) (row / chosen);
          int head = (int) (row % chosen);
          long h = results.heads()[head];
          AttentionQueries.Query at = queries.locate(results.tokens()[token]);
          int first = Math.toIntExact(mask.first(at.position()));
          int end = Math.toIntExact(mask.end(at.position(), at.keys()));
          AttentionRow answer =
              new AttentionRow(
                  model, scale, softcap, Math.max(0, end - first), Math.toIntExact(valueDim));
          int queryAt = Math.toIntExact((results.tokens()[token] * heads + h) * headDim);
          for (int j = first; j < end; j++) {
            long keyRow = at.keyRow().applyAsLong(j) * kvHeads + h / (heads / kvHeads);
            answer.products(query, queryAt, key, Math.toIntExact(keyRow * headDim), depth);
            answer.key(Math.toIntExact(keyRow * valueDim));
          }
          answer.finish(
              value, null, sinks == null ? Double.NEGATIVE_INFINITY : sink[Math.toIntExact(h)]);
          results.put(token, head, answer);
        });
  }
}
