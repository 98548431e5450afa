package org.touchstone.tools.page;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.touchstone.backends.spi.LimitProbe.Limit;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceReport;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.bench.Measurement;
import org.touchstone.conformance.judge.Metrics;

/** A report with every outcome, long names and text that wants to be markup. */
final class ManyRows {
  private static final List<String> DEVICES =
      List.of("cpu://simd", "opencl://pocl/0", "cuda-sim://sm_90");
  private static final List<String> OPS =
      List.of(
          "memory",
          "gemm_fp8_block",
          "gemm_grouped",
          "attention_prefill",
          "attention_decode_paged",
          "mla_decode_absorbed",
          "moe_route",
          "moe_forward",
          "rms_norm",
          "quantize_fp8_group",
          "sample");
  private static final List<String> FAMILIES =
      List.of("exact_integer", "random", "subnormal", "saturating", "structured");

  private ManyRows() {}

  static ConformanceReport report() {
    List<CaseResult> rows = new ArrayList<>();
    for (String device : DEVICES) {
      for (String op : OPS) {
        int cases = 5 + 11 * OPS.indexOf(op);
        for (int i = 0; i < cases; i++) {
          rows.add(row(device, op, i));
        }
      }
    }
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("touchstone", "0.1.0-SNAPSHOT");
    facts.put("java", "25.0.3+9-LTS");
    facts.put("processors", "2");
    for (String device : DEVICES) {
      facts.put(device, "a device, HARDWARE, {isa=AVX2 FMA, micro=native 256-bit, threads=2}");
    }
    return new ConformanceReport(
        rows,
        List.of(),
        facts,
        List.of("moe_route has no subnormal family: <scores> are compared & not added"),
        ExitCode.FAILURE);
  }

  private static CaseResult row(String device, String op, int i) {
    String family = FAMILIES.get(i % FAMILIES.size());
    String name = op + "/m=" + (i + 1) + ",n=" + (7 * i + 33) + ",k=257,out=BF16/" + family;
    Outcome outcome = outcome(device, op, i);
    boolean judged = outcome.executed() && !op.equals("memory") && outcome != Outcome.CRASHED;
    double ratio =
        switch (outcome) {
          case FAIL -> i % 2 == 0 ? Double.POSITIVE_INFINITY : 3.75;
          default -> family.equals("exact_integer") ? 0 : (i * 37 % 100) / 100.0;
        };
    return new CaseResult(
        device,
        name,
        op,
        outcome,
        reason(outcome),
        judged ? Optional.of(new Metrics(ratio, ratio * 1e-6, 0.999999, 1.5)) : Optional.empty(),
        outcome.executed() ? op + ".avx2.t64x64" : "",
        "F32, chain 8 x 128 + 3",
        outcome.executed() ? 1_000_000L * (1 + i * i) : 0);
  }

  private static Outcome outcome(String device, String op, int i) {
    if (device.startsWith("cuda-sim") && op.startsWith("attention")) {
      return Outcome.UNSUPPORTED;
    }
    if (device.startsWith("opencl") && i == 4) {
      return switch (op) {
        case "moe_route" -> Outcome.CRASHED;
        case "sample" -> Outcome.TIMEOUT;
        case "rms_norm" -> Outcome.XFAIL;
        case "gemm_grouped" -> Outcome.FLAKY;
        case "moe_forward" -> Outcome.SKIPPED;
        default -> Outcome.PASS;
      };
    }
    return device.startsWith("opencl") && op.equals("gemm_fp8_block") && i > 12
        ? Outcome.FAIL
        : Outcome.PASS;
  }

  private static String reason(Outcome outcome) {
    return switch (outcome) {
      case PASS -> "";
      case FAIL ->
          "y[3, 17] is 1.25, expected \"0.75\" +- 0.001 & </script><b>not bold</b>; 12 of 528"
              + " wrong";
      case UNSUPPORTED -> "OPERATOR: the simulator has no attention";
      case XFAIL -> "ACCURACY: rsqrt of the driver is off by 9 ULP (pocl.expectations:3)";
      case SKIPPED -> "BUDGET: no time left";
      default -> "the worker process died with signal 11 while the case ran";
    };
  }

  static List<Measurement> measurements() {
    List<Measurement> all = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      boolean memory = i < 4;
      double bytes = 1e8;
      double operations = bytes * Math.pow(2, i - 1);
      double rate = memory ? 14e9 * operations / bytes : 95e9 - 3e9 * i;
      double nanos = operations / rate * 1e9;
      Limit kind = memory ? Limit.MEMORY : Limit.F32;
      double limit = memory ? 20e9 : 110e9;
      all.add(
          new Measurement(
              "gemm_bf16 m=" + (1 << i),
              "gemm_bf16",
              DEVICES.getFirst(),
              "gemm_bf16.avx2",
              Optional.empty(),
              Optional.of(new Measurement.Times(nanos, nanos * 0.97, nanos * 1.05, 31, 2)),
              operations,
              bytes,
              Map.of(kind, limit),
              Optional.of(new Measurement.Bound(kind, limit, memory ? 0.7 : rate / limit)),
              Optional.empty(),
              List.of()));
    }
    return all;
  }
}
