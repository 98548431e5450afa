package org.touchstone.backends.cpu.reference;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.LongStream;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.MoeAlignBlockSizeArgs;
import org.touchstone.api.op.MoeAlignBlockSizeSpec;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.Expected;
import org.touchstone.backends.oracle.OracleRequest;

/** Sorts token slots by expert and pads every expert's slots to whole blocks. */
final class MoeAlignBlockSizeReference
    implements Reference<MoeAlignBlockSizeSpec, MoeAlignBlockSizeArgs> {
  @Override
  public Expectation expect(
      MoeAlignBlockSizeSpec spec,
      MoeAlignBlockSizeArgs args,
      OracleRequest request,
      CpuThreads threads) {
    long[] expertOf = HostTensors.codes(args.indices());
    int block = Math.toIntExact(spec.blockSize());
    LongStream.Builder slots = LongStream.builder();
    LongStream.Builder blockExperts = LongStream.builder();
    int padded = 0;
    for (long expert = 0; expert < spec.experts(); expert++) {
      int start = padded;
      for (int slot = 0; slot < expertOf.length; slot++) {
        if (expertOf[slot] == expert) {
          slots.add(slot);
          padded++;
        }
      }
      for (; padded % block != 0; padded++) {
        slots.add(expertOf.length);
      }
      for (int at = start; at < padded; at += block) {
        blockExperts.add(expert);
      }
    }
    Map<String, Expected> outputs = new LinkedHashMap<>();
    outputs.put("sortedSlots", leading(slots.build().toArray()));
    outputs.put("blockExperts", leading(blockExperts.build().toArray()));
    outputs.put("paddedCount", Expected.Codes.all(DType.I32, new long[] {padded}));
    return new Expectation(outputs);
  }

  /** What follows the leading elements is unspecified. */
  private static Expected leading(long[] codes) {
    return new Expected.Codes(DType.I32, LongStream.range(0, codes.length).toArray(), codes);
  }
}
