package org.touchstone.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.touchstone.conformance.fake.FakeRuns.CORRECT;
import static org.touchstone.conformance.fake.FakeRuns.only;
import static org.touchstone.conformance.fake.FakeRuns.request;
import static org.touchstone.conformance.fake.FakeRuns.run;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.touchstone.api.Shape;
import org.touchstone.api.format.DType;
import org.touchstone.conformance.fake.FakeBackend;

/** The smallest sizes with which a case fails. */
class ShrinkingTest {
  /** Does nothing when FP32 tensors have at least three rows. */
  private static final FakeBackend WRONG_FROM_THREE_ROWS =
      CORRECT.running(
          kernel ->
              (queue, args, workspace) -> {
                Shape shape = args.y().shape();
                boolean wrong =
                    args.y().dtype() == DType.F32 && shape.rank() == 2 && shape.dim(0) >= 3;
                if (!wrong) {
                  kernel.launch(queue, args, workspace);
                }
              });

  @Test
  void aFailureNamesTheSmallestShapeThatFailsAlike() {
    ConformanceReport report = run(WRONG_FROM_THREE_ROWS, request());
    assertThat(only(report, "add/type=F32,x=5x7/random").reason())
        .endsWith("; the smallest that fails alike: --case add/type=F32,x=3x1/random");
    assertThat(only(report, "add/type=F32,x=5x7/random/strided").reason())
        .endsWith("--case add/type=F32,x=3x1/random/strided");
    assertThat(only(report, "add/type=F32,x=900/random").outcome()).isEqualTo(Outcome.PASS);
  }

  @Test
  void theSmallestRunsByItsName() {
    String name = "add/type=F32,x=3x1/random";
    ConformanceReport report = run(WRONG_FROM_THREE_ROWS, request().caseName(name));
    assertThat(only(report, name).outcome()).isEqualTo(Outcome.FAIL);
    assertThat(only(report, name).reason()).doesNotContain("smallest");
    assertThat(run(CORRECT, request().caseName(name)).exit()).isEqualTo(ExitCode.OK);
  }

  @Test
  void expectedFailuresAreNotShrunk(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("x.expectations");
    Files.writeString(file, "add/type=F32,x=5x* | xfail | BROKEN | - | three rows\n");
    ConformanceReport report = run(WRONG_FROM_THREE_ROWS, request().expectations(file));
    CaseResult row = only(report, "add/type=F32,x=5x7/random");
    assertThat(row.outcome()).isEqualTo(Outcome.XFAIL);
    assertThat(row.reason()).doesNotContain("smallest");
  }
}
