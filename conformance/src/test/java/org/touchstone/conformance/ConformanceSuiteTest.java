package org.touchstone.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.touchstone.conformance.fake.FakeRuns.CORRECT;
import static org.touchstone.conformance.fake.FakeRuns.URI;
import static org.touchstone.conformance.fake.FakeRuns.only;
import static org.touchstone.conformance.fake.FakeRuns.request;
import static org.touchstone.conformance.fake.FakeRuns.run;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.touchstone.api.Eligibility;
import org.touchstone.api.HostAccess;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Promise;
import org.touchstone.api.Subnormals;
import org.touchstone.api.format.FloatFormat;
import org.touchstone.api.op.AddArgs;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.fake.FakeBackend;
import org.touchstone.conformance.fake.FakeCases;
import org.touchstone.conformance.fake.FakeDevice;

/** What the suite sees in kernels. */
class ConformanceSuiteTest {

  /** Runs a kernel that does something after the correct one. */
  private static ConformanceReport after(java.util.function.Consumer<AddArgs> deed) {
    return run(
        CORRECT.running(
            kernel ->
                (queue, args, workspace) -> {
                  kernel.launch(queue, args, workspace);
                  deed.accept(args);
                }),
        request());
  }

  @ParameterizedTest
  @EnumSource(HostAccess.class)
  void aCorrectDevicePassesEverything(HostAccess access) {
    FakeBackend backend = CORRECT.with(FakeBackend.device(URI, access, Eligibility.AUTOMATIC));
    ConformanceReport report =
        run(
            backend,
            ConformanceRequest.builder()
                .level(Level.L3)
                .op("memory")
                .op("queue")
                .op("add")
                .op("allocation")
                .op("concurrency"));
    assertThat(report.results())
        .allSatisfy(
            r ->
                assertThat(r.outcome())
                    .as(r.name() + ": " + r.reason())
                    .isIn(Outcome.PASS, Outcome.UNSUPPORTED));
    assertThat(report.exit()).isEqualTo(ExitCode.OK);
    assertThat(report.total().of(Outcome.PASS)).isGreaterThan(30);
    assertThat(report.results())
        .extracting(CaseResult::name)
        .contains(
            "bias/add/fake_add/BF16",
            "arguments/add/dtype",
            "memory/copy_large",
            "queue/operators_in_order",
            "allocation/add/nth_fails",
            "concurrency/add/threads");
  }

  @Test
  void zerosAreWrong() {
    ConformanceReport report =
        after(
            args ->
                FakeDevice.write(
                    args.y(), new double[(int) args.y().shape().elements()], args.y().dtype()));
    assertThat(report.exit()).isEqualTo(ExitCode.FAILURE);
    CaseResult row = only(report, "add/type=F32,x=5x7/random");
    assertThat(row.outcome()).isEqualTo(Outcome.FAIL);
    assertThat(row.reason()).contains("y[").contains("is 0.0, expected");
    assertThat(row.repro())
        .isEqualTo("./touchstone conformance --device fake://0 --case add/type=F32,x=5x7/random");
  }

  @Test
  void truncationIsFoundByBiasOrValue() {
    ConformanceReport report =
        run(
            CORRECT.running(
                kernel ->
                    (queue, args, workspace) -> {
                      kernel.launch(queue, args, workspace);
                      double[] a = HostTensors.doubles(FakeDevice.view(args.a()));
                      double[] b = HostTensors.doubles(FakeDevice.view(args.b()));
                      FloatFormat format = args.y().dtype().format();
                      for (int i = 0; i < a.length; i++) {
                        double sum = a[i] + b[i];
                        double ulp = format.ulp(sum);
                        a[i] =
                            Double.isFinite(ulp) && Math.abs(sum) < 1e30
                                ? Math.signum(sum) * Math.floor(Math.abs(sum) / ulp) * ulp
                                : sum;
                      }
                      FakeDevice.write(args.y(), a, args.y().dtype());
                    }),
            request());
    assertThat(only(report, "add/type=BF16,x=31x33/random").outcome()).isEqualTo(Outcome.FAIL);
    assertThat(only(report, "add/type=BF16,x=31x33/exact_integer").outcome()).isNotNull();
  }

  @Test
  void writesOutsideTheOutputAreFound() {
    ConformanceReport behind =
        after(
            args -> {
              var memory = FakeDevice.view(args.y());
              long end = memory.byteOffset() + memory.storageBytes();
              memory
                  .buffer()
                  .host()
                  .set(java.lang.foreign.ValueLayout.JAVA_BYTE, end + 3, (byte) 1);
            });
    assertThat(only(behind, "add/type=F32,x=5x7/random").reason())
        .contains("y: wrote 3 bytes behind its last element");
    ConformanceReport before =
        after(
            args -> {
              var memory = FakeDevice.view(args.y());
              memory
                  .buffer()
                  .host()
                  .set(java.lang.foreign.ValueLayout.JAVA_BYTE, memory.byteOffset() - 1, (byte) 1);
            });
    assertThat(only(before, "add/type=F32,x=5x7/random").reason())
        .contains("y: wrote 1 bytes before its first element");
    ConformanceReport between =
        after(
            args -> {
              var memory = FakeDevice.view(args.y());
              if (!memory.isDense()) {
                memory
                    .buffer()
                    .host()
                    .set(
                        java.lang.foreign.ValueLayout.JAVA_BYTE,
                        memory.byteOffset() + 7 * 4,
                        (byte) 1);
              }
            });
    assertThat(only(between, "add/type=F32,x=5x7/random/strided").reason())
        .contains("y: wrote between its rows");
    assertThat(only(between, "add/type=F32,x=5x7/random").outcome()).isEqualTo(Outcome.PASS);
  }

  @Test
  void changedInputsAreFound() {
    ConformanceReport report =
        after(
            args -> {
              var memory = FakeDevice.view(args.b());
              memory
                  .buffer()
                  .host()
                  .set(java.lang.foreign.ValueLayout.JAVA_BYTE, memory.byteOffset(), (byte) 0x11);
            });
    assertThat(only(report, "add/type=F32,x=5x7/random").reason()).contains("input b: byte");
  }

  @Test
  void elementsThatNobodyWroteAreFoundWhereTheReferenceSamples() {
    ConformanceReport report =
        run(
            CORRECT.running(
                kernel ->
                    (queue, args, workspace) -> {
                      var y = FakeDevice.view(args.y());
                      long[] before = HostTensors.codes(y);
                      kernel.launch(queue, args, workspace);
                      long[] now = HostTensors.codes(y);
                      if (now.length == 900) {
                        // A hole between sampled elements: 64 of 900 are judged.
                        System.arraycopy(before, 300, now, 300, 200);
                        HostTensors.writeCodes(y, now);
                      }
                    }),
            request());
    CaseResult row = only(report, "add/type=F32,x=900/random");
    assertThat(row.outcome()).isEqualTo(Outcome.FAIL);
    assertThat(row.reason()).contains("elements of y were not written");
  }

  @Test
  void promisesAreKept() {
    AtomicInteger runs = new AtomicInteger();
    FakeBackend jittery =
        CORRECT.running(
            kernel ->
                (queue, args, workspace) -> {
                  kernel.launch(queue, args, workspace);
                  var y = FakeDevice.view(args.y());
                  if (args.y().dtype() == org.touchstone.api.format.DType.BF16) {
                    return;
                  }
                  double[] values = HostTensors.doubles(y);
                  // Stays within the bound, which is widened below, but differs from run to run.
                  values[0] += runs.incrementAndGet() * Math.ulp((float) values[0]);
                  HostTensors.write(y, values, org.touchstone.api.format.Saturation.NONSAT);
                });
    ConformanceReport report = run(jittery, request());
    assertThat(only(report, "add/type=F32,x=5x7/random").outcome()).isEqualTo(Outcome.FAIL);
    FakeBackend honest =
        jittery.declaring(spec -> KernelTraits.PLAIN_F32.withDeterministic(Promise.NONE));
    assertThat(only(run(honest, request()), "add/type=BF16,x=31x33/random").traits())
        .contains("nondeterministic");
  }

  @Test
  void casesThatZerosWouldPassAreNotTrusted() {
    FakeCases zeros =
        new FakeCases(
            builder ->
                builder.filler(
                    data -> {
                      data.constant("a", 0);
                      data.constant("b", 0);
                    }));
    ConformanceReport report = run(CORRECT, request(), zeros);
    assertThat(only(report, "add/type=F32,x=5x7/random").reason())
        .contains("untrusted case: all-zero outputs would pass");
    FakeCases unchanged = new FakeCases(builder -> builder.filler(data -> data.constant("b", 0)));
    ConformanceReport inPlace = run(CORRECT, request(), unchanged);
    assertThat(only(inPlace, "add/type=F32,x=5x9/random/inplace=y").reason())
        .contains("untrusted case: the previous content");
    FakeCases claimed = new FakeCases(builder -> builder.zeroAnswer("says so"));
    assertThat(only(run(CORRECT, request(), claimed), "add/type=F32,x=5x7/random").reason())
        .contains("untrusted case: it says that zeros are right (says so), but they are not");
  }

  /** Zeros are right for a kernel that flushes; the case still shows something of every other. */
  @Test
  void aDeclaredFlushDoesNotMakeACaseUntrusted() {
    FakeCases tiny =
        new FakeCases(
            builder ->
                builder.filler(
                    data -> {
                      data.constant("a", 0x1p-130);
                      data.constant("b", 0x1p-131);
                    }));
    FakeBackend flushing =
        CORRECT
            .running(
                kernel ->
                    (queue, args, workspace) ->
                        HostTensors.write(
                            FakeDevice.view(args.y()),
                            new double[(int) args.y().shape().elements()],
                            org.touchstone.api.format.Saturation.NONSAT))
            .declaring(
                spec ->
                    KernelTraits.PLAIN_F32.with(
                        new Subnormals(Subnormals.Handling.KEPT, Subnormals.Handling.FLUSHED)));
    String name = "add/type=F32,x=5x7/random";
    assertThat(only(run(flushing, request(), tiny), name).reason()).isEmpty();
    FakeCases zeros =
        new FakeCases(
            builder ->
                builder.filler(
                    data -> {
                      data.constant("a", 0);
                      data.constant("b", 0);
                    }));
    assertThat(only(run(flushing, request(), zeros), name).reason())
        .contains("untrusted case: all-zero outputs would pass");
  }
}
