package org.touchstone.conformance.cases;

import java.util.Set;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.DequantizeSpec;
import org.touchstone.api.op.Op;

/** Cases of {@code dequantize}: every code type, row groups and square blocks, both scale types. */
final class DequantizeCases implements OperatorCases {
  private static final DType[] CODES = {
    DType.E4M3FN, DType.E5M2, DType.E4M3FNUZ, DType.E5M2FNUZ, DType.E2M1
  };

  @Override
  public Set<Op> ops() {
    return Set.of(Op.DEQUANTIZE);
  }

  @Override
  public void generate(CaseSink sink) {
    for (DType codes : CODES) {
      for (DType scale : new DType[] {DType.F32, DType.E8M0}) {
        for (DType output : new DType[] {DType.F32, DType.BF16}) {
          for (DataFamily family : DataFamily.values()) {
            DequantizeSpec groups = new DequantizeSpec(codes, 130, 1, 32, scale, output);
            DequantizeSpec blocks = new DequantizeSpec(codes, 257, 128, 128, scale, output);
            Level level = family == DataFamily.RANDOM ? Level.L1 : Level.L2;
            sink.add(of(groups, family, 5).level(codes == DType.E4M3FN ? Level.L1 : level));
            sink.add(of(blocks, family, 129).level(level));
          }
        }
      }
    }
    DequantizeSpec codes256 = new DequantizeSpec(DType.E4M3FN, 256, 1, 128, DType.F32, DType.F32);
    sink.add(
        of(codes256, DataFamily.RANDOM, 3)
            .label("data", "codes")
            .filler(
                data -> {
                  data.fill("q", i -> i % 256);
                  data.scales("scale");
                })
            .level(Level.L0));
    sink.add(of(codes256, DataFamily.RANDOM, 0).level(Level.L1).zeroAnswer("no elements"));
    for (Placement placement : new Placement[] {Placement.GAPS, Placement.OFFSET}) {
      sink.add(of(codes256, DataFamily.RANDOM, 3).placement(placement).level(Level.L1));
    }
    // kv_b_proj of DeepSeek-V3: 32768 x 512
    DequantizeSpec kvB = new DequantizeSpec(DType.E4M3FN, 512, 128, 128, DType.F32, DType.BF16);
    sink.add(of(kvB, DataFamily.RANDOM, 32768).level(Level.L1).sampled(256));
  }

  static TestCase.Builder of(DequantizeSpec spec, DataFamily family, long rows) {
    return TestCase.of(spec, family)
        .extent("M", rows)
        .label("k", spec.columns())
        .label("block", spec.blockRows() + "x" + spec.blockColumns())
        .label("codes", spec.codes())
        .label("scale", spec.scaleDtype())
        .label("out", spec.output())
        .filler(
            data -> {
              data.floats("q");
              data.scales("scale");
            })
        .resizable(
            s ->
                of(
                    new DequantizeSpec(
                        spec.codes(),
                        s[1],
                        spec.blockRows(),
                        spec.blockColumns(),
                        spec.scaleDtype(),
                        spec.output()),
                    family,
                    s[0]),
            "m",
            "k");
  }
}
