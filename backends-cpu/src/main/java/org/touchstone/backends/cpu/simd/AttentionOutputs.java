package org.touchstone.backends.cpu.simd;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.backends.cpu.micro.AttentionTile;

/** Where finished rows of attention go: the output, the log-sum-exp, past the sinks. */
final class AttentionOutputs {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final TokenRows o;
  private final @Nullable TokenRows lse;
  private final @Nullable MemorySegment sinks;
  private final long firstSink;
  private final long sinkStep;

  AttentionOutputs(Tensor o, @Nullable Tensor lse, @Nullable Tensor sinks) {
    this.o = TokenRows.of(o);
    this.lse = lse == null ? null : TokenRows.ofScalars(lse);
    this.sinks = sinks == null ? null : sinks.buffer().host();
    firstSink = sinks == null ? 0 : sinks.byteOffset();
    sinkStep = sinks == null ? 0 : sinks.strides().step(0) * Float.BYTES;
  }

  /** Finishes a row of a tile and writes it. */
  void finish(AttentionTile tile, int row, long sequence, long token, long head) {
    if (lse != null) {
      lse.set(sequence, token, head, tile.logSumExp(row));
    }
    float sink =
        sinks == null ? Float.NEGATIVE_INFINITY : sinks.get(FLOAT, firstSink + head * sinkStep);
    tile.output(row, sink, o.memory(), o.offset(sequence, token, head), o.dtype());
  }
}
