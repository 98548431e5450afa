package org.touchstone.conformance.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.touchstone.api.Hal;
import org.touchstone.api.HalOptions;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AddSpec;
import org.touchstone.backends.Backends;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.spi.LimitProbe;
import org.touchstone.backends.spi.LimitProbe.Limit;
import org.touchstone.conformance.cases.DataFamily;
import org.touchstone.conformance.cases.TestCase;
import org.touchstone.conformance.fake.FakeBackend;
import org.touchstone.conformance.fake.FakeOracle;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class BenchmarkTest {
  private static final Benchmark.Effort SHORT = new Benchmark.Effort(3, Duration.ofMillis(1));

  private static final Workload ADDITION =
      new Workload(
          "addition",
          TestCase.of(AddSpec.of(DType.F32), DataFamily.RANDOM)
              .shape("X", 300)
              .filler(
                  data -> {
                    data.floats("a");
                    data.floats("b");
                  })
              .build(),
          300,
          data -> 3600);

  /** Limits that never change. */
  private record Steady(double memory, double peak) implements LimitProbe.Meter {
    @Override
    public Optional<Double> measure(Limit limit) {
      return switch (limit) {
        case MEMORY -> Optional.of(memory);
        case F32 -> Optional.of(peak);
        case BF16 -> Optional.empty();
      };
    }

    @Override
    public void close() {}
  }

  private static Measurement run(
      FakeBackend backend, Optional<LimitProbe.Meter> meter, Peer... peers) {
    try (Hal hal = Backends.open(HalOptions.DEFAULT, backend)) {
      return new Benchmark(hal, "fake://0", new FakeOracle(), SHORT, List.of(peers))
          .run(ADDITION, meter);
    }
  }

  @Test
  void rightResultsGetFigures() {
    Measurement m = run(FakeBackend.of("fake://0"), Optional.of(new Steady(1e18, 1e18)));

    assertThat(m.problem()).isEmpty();
    Measurement.Times times = m.times().orElseThrow();
    assertThat(times.samples() + times.discarded()).isEqualTo(3);
    assertThat(times.p10()).isPositive().isLessThanOrEqualTo(times.median());
    assertThat(times.median()).isLessThanOrEqualTo(times.p90());
    assertThat(m.gigaflops()).isCloseTo(300 / times.median(), within(1e-12));
    Measurement.Bound bound = m.limit().orElseThrow();
    assertThat(bound.kind()).isEqualTo(Limit.MEMORY);
    assertThat(bound.share()).isBetween(0.0, 1.0);
  }

  @Test
  void arithmeticBoundsWhatReadsLittle() {
    Measurement m = run(FakeBackend.of("fake://0"), Optional.of(new Steady(1e18, 1e16)));

    assertThat(m.limit().orElseThrow().kind()).isEqualTo(Limit.F32);
    assertThat(m.limits()).containsEntry(Limit.MEMORY, 1e18).containsEntry(Limit.F32, 1e16);
  }

  /** A peak for BF16 counts where it is the higher one: instructions of its own, not widening. */
  @Test
  void theHigherPeakBoundsArithmetic() {
    for (double narrow : new double[] {0.9e16, 2e16}) {
      LimitProbe.Meter steady = new Steady(1e18, 1e16);
      LimitProbe.Meter meter =
          new LimitProbe.Meter() {
            @Override
            public Optional<Double> measure(Limit limit) {
              return limit == Limit.BF16 ? Optional.of(narrow) : steady.measure(limit);
            }

            @Override
            public void close() {}
          };
      Measurement m = run(FakeBackend.of("fake://0"), Optional.of(meter));
      assertThat(m.limit().orElseThrow().kind()).isEqualTo(narrow > 1e16 ? Limit.BF16 : Limit.F32);
      assertThat(m.limits()).containsEntry(Limit.BF16, narrow);
    }
  }

  @Test
  void wrongResultsGetNone() {
    FakeBackend broken =
        FakeBackend.of("fake://0").running(kernel -> (queue, args, workspace) -> {});

    Measurement m = run(broken, Optional.empty());

    assertThat(m.problem())
        .hasValueSatisfying(p -> assertThat(p).startsWith("wrong before timing"));
    assertThat(m.times()).isEmpty();
  }

  @Test
  void resultsThatBecomeWrongGetNone() {
    AtomicInteger launches = new AtomicInteger();
    FakeBackend tiring =
        FakeBackend.of("fake://0")
            .running(
                kernel ->
                    (queue, args, workspace) -> {
                      if (launches.incrementAndGet() < 10) {
                        kernel.launch(queue, args, workspace);
                      }
                    });

    Measurement m = run(tiring, Optional.empty());

    assertThat(m.problem()).hasValueSatisfying(p -> assertThat(p).startsWith("wrong after timing"));
  }

  @Test
  void nothingBeatsItsLimit() {
    Measurement m = run(FakeBackend.of("fake://0"), Optional.of(new Steady(1, 1)));

    assertThat(m.problem()).hasValueSatisfying(p -> assertThat(p).contains("impossible"));
    assertThat(m.times()).isEmpty();
  }

  @Test
  void withoutAProbeThereIsNoShare() {
    Measurement m = run(FakeBackend.of("fake://0"), Optional.empty());

    assertThat(m.times()).isPresent();
    assertThat(m.limit()).isEmpty();
  }

  /** A program that adds, and counts. */
  private static final class OtherProgram implements Peer {
    final AtomicInteger runs = new AtomicInteger();
    final AtomicInteger open = new AtomicInteger();
    private final float offset;

    OtherProgram(float offset) {
      this.offset = offset;
    }

    @Override
    public String name() {
      return "other 1.0";
    }

    @Override
    public Optional<Work> prepare(TestCase testCase, Map<String, Tensor> inputs, int threads) {
      double[] a = HostTensors.doubles(Objects.requireNonNull(inputs.get("a")));
      double[] b = HostTensors.doubles(Objects.requireNonNull(inputs.get("b")));
      float[] sum = new float[a.length];
      open.incrementAndGet();
      return Optional.of(
          new Work() {
            @Override
            public void run() {
              runs.incrementAndGet();
              for (int i = 0; i < sum.length; i++) {
                sum[i] = (float) (a[i] + b[i]) + offset;
              }
            }

            @Override
            public float[] output() {
              return sum;
            }

            @Override
            public void close() {
              open.decrementAndGet();
            }
          });
    }
  }

  @Test
  void peersRunAlternatelyAndAreClosed() {
    OtherProgram peer = new OtherProgram(0);

    Measurement m = run(FakeBackend.of("fake://0"), Optional.empty(), peer);

    assertThat(m.peers()).extracting(Measurement.PeerTime::name).containsExactly("other 1.0");
    assertThat(m.peers().getFirst().problem()).isEmpty();
    assertThat(m.peers().getFirst().ratio()).isPositive();
    assertThat(peer.runs.get()).isGreaterThan(3);
    assertThat(peer.open.get()).isZero();
  }

  @Test
  void peersThatDoOtherWorkGetNoFigures() {
    Measurement m = run(FakeBackend.of("fake://0"), Optional.empty(), new OtherProgram(1));

    assertThat(m.problem()).isEmpty();
    assertThat(m.peers().getFirst().problem())
        .hasValueSatisfying(p -> assertThat(p).startsWith("wrong by"));
    assertThat(new BenchReport(Map.of(), List.of(m)).json())
        .contains("\"problem\":\"wrong by")
        .doesNotContain("ratio");
  }

  @Test
  void peersThatKnowNoSuchOperatorAreLeftOut() {
    Peer ignorant =
        new Peer() {
          @Override
          public String name() {
            return "other 1.0";
          }

          @Override
          public Optional<Work> prepare(
              TestCase testCase, Map<String, Tensor> inputs, int threads) {
            return Optional.empty();
          }
        };

    assertThat(run(FakeBackend.of("fake://0"), Optional.empty(), ignorant).peers()).isEmpty();
  }

  @Test
  void reportsAndDrawingsHoldTheFigures() {
    Measurement m = run(FakeBackend.of("fake://0"), Optional.of(new Steady(1e18, 1e18)));
    BenchReport report = new BenchReport(Map.of("java", "25"), List.of(m));

    JsonNode root = JsonMapper.builder().build().readTree(report.json());
    assertThat(root.path("schema").asInt()).isEqualTo(1);
    JsonNode workload = root.path("workloads").path(0);
    assertThat(workload.propertyNames())
        .containsExactly(
            "name",
            "op",
            "device",
            "kernel",
            "median_ns",
            "p10_ns",
            "p90_ns",
            "samples",
            "discarded",
            "gflops",
            "gbps",
            "limit",
            "of_limit",
            "limits",
            "workspace_bytes",
            "weights",
            "weight_bytes",
            "peers");
    assertThat(workload.path("limit").path("kind").asString()).isEqualTo("memory");
    String svg = Roofline.svg(List.of(m)).orElseThrow();
    assertThat(svg).startsWith("<svg").contains("addition on fake://0").doesNotContain("NaN");
    assertThat(Roofline.svg(List.of(run(FakeBackend.of("fake://0"), Optional.empty())))).isEmpty();
  }

  @Test
  void profilesNameWhereTheTimeGoes() {
    Benchmark.Effort effort =
        new Benchmark.Effort(3, Duration.ofMillis(250), Benchmark.Profiling.METHODS);
    Measurement m;
    try (Hal hal = Backends.open(HalOptions.DEFAULT, FakeBackend.of("fake://0"))) {
      m =
          new Benchmark(hal, "fake://0", new FakeOracle(), effort, List.of())
              .run(ADDITION, Optional.empty());
    }

    assertThat(m.profile()).isNotEmpty();
    assertThat(m.profile().stream().mapToDouble(Measurement.Share::share).sum())
        .isBetween(0.5, 1.001);
    assertThat(new BenchReport(Map.of(), List.of(m)).json()).contains("\"profile\":[{");
  }

  @Test
  void workloadsOfActivationsHaveNamesOfTheirOwn() {
    List<Workload> all = new ArrayList<>(Workloads.standard());
    all.addAll(Workloads.activations());

    assertThat(all).extracting(Workload::name).doesNotHaveDuplicates();
    assertThat(Workloads.activations()).isNotEmpty();
  }

  @Test
  void standardWorkloadsHaveNamesOfTheirOwn() {
    List<Workload> all = Workloads.standard();

    assertThat(all).extracting(Workload::name).doesNotHaveDuplicates().hasSize(24);
    assertThat(all).allSatisfy(w -> assertThat(w.operations()).isPositive());
  }
}
