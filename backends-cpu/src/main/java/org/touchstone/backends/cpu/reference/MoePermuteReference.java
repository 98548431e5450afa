package org.touchstone.backends.cpu.reference;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.MoePermuteArgs;
import org.touchstone.api.op.MoePermuteSpec;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.oracle.Expectation;
import org.touchstone.backends.oracle.Expected;
import org.touchstone.backends.oracle.OracleRequest;

/** Sorts token slots by expert, stable in the slot number. */
final class MoePermuteReference implements Reference<MoePermuteSpec, MoePermuteArgs> {
  @Override
  public Expectation expect(
      MoePermuteSpec spec, MoePermuteArgs args, OracleRequest request, CpuThreads threads) {
    long[] expertOf = HostTensors.codes(args.indices());
    int experts = Math.toIntExact(spec.experts());
    long[] sortedSlots = new long[expertOf.length];
    Arrays.fill(sortedSlots, -1);
    long[] positions = new long[expertOf.length];
    Arrays.fill(positions, -1);
    long[] offsets = new long[experts + 1];
    int row = 0;
    for (int expert = 0; expert < experts; expert++) {
      offsets[expert] = row;
      for (int slot = 0; slot < expertOf.length; slot++) {
        if (expertOf[slot] == expert) {
          sortedSlots[row] = slot;
          positions[slot] = row++;
        }
      }
    }
    offsets[experts] = row;
    Map<String, Expected> outputs = new LinkedHashMap<>();
    outputs.put("sortedSlots", Expected.Codes.all(DType.I32, sortedSlots));
    outputs.put("expertOffsets", Expected.Codes.all(DType.I32, offsets));
    outputs.put("positions", Expected.Codes.all(DType.I32, positions));
    return new Expectation(outputs);
  }
}
