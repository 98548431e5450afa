package org.touchstone.conformance.expect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.touchstone.conformance.ConformanceException;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.expect.Expectations.Kind;

class ExpectationsTest {
  private static Expectations parse(String... lines) {
    return Expectations.parse("x.expectations", List.of(lines));
  }

  @Test
  void theFirstLineThatMatchesCounts() {
    Expectations expectations =
        parse(
            "# a comment",
            "",
            "gemm_*/*,out=BF16/random | xfail | DRIVER_BUG | 2.1 | the driver loses a bit",
            "gemm_* | unsupported | DTYPE | - | no FP8 at all | really");
    assertThat(expectations.of("gemm_fp8_block/m=1,out=BF16/random").orElseThrow().kind())
        .isEqualTo(Kind.XFAIL);
    Expectations.Line second = expectations.of("gemm_bf16/m=1,out=F32/random").orElseThrow();
    assertThat(second.kind()).isEqualTo(Kind.UNSUPPORTED);
    assertThat(second.text()).isEqualTo("no FP8 at all | really");
    assertThat(second.where()).isEqualTo("x.expectations:4");
    assertThat(expectations.of("add/x=3/random")).isEmpty();
  }

  @Test
  void globsTreatOtherCharactersLiterally() {
    Expectations.Line line = parse("a.d/x=?+1 | xfail | X | - | t").lines().getFirst();
    assertThat(line.matches("a.d/x=3+1")).isTrue();
    assertThat(line.matches("add/x=3+1")).isFalse();
    assertThat(line.matches("a.d/x=33+1")).isFalse();
  }

  @Test
  void linesEndInAVersion() {
    Expectations.Line line = parse("* | xfail | X | 1.10 | t").lines().getFirst();
    assertThat(line.endedIn("1.9.7")).isFalse();
    assertThat(line.endedIn("1.10")).isTrue();
    assertThat(line.endedIn("1.10.0-SNAPSHOT")).isTrue();
    assertThat(line.endedIn("2")).isTrue();
    assertThat(parse("* | xfail | X | - | t").lines().getFirst().endedIn("99")).isFalse();
  }

  @Test
  void linesThatMatchNothingAreFound() {
    Expectations expectations =
        parse(
            "add/* | xfail | X | - | t",
            "ad* | xfail | X | - | shadowed",
            "b* | xfail | X | - | t");
    assertThat(expectations.unused(List.of("add/x=3/random")))
        .extracting(Expectations.Line::where)
        .containsExactly("x.expectations:2", "x.expectations:3");
  }

  @Test
  void malformedLinesAreUsageErrors() {
    for (String line :
        List.of(
            "add/*",
            "add/* | maybe | X | - | t",
            "add/* | xfail | lower | - | t",
            "add/* | xfail | X | soon | t",
            "add/* | xfail | X | - |",
            "| xfail | X | - | t")) {
      assertThatThrownBy(() -> parse(line))
          .isInstanceOfSatisfying(
              ConformanceException.class, e -> assertThat(e.exit()).isEqualTo(ExitCode.USAGE))
          .hasMessageContaining("x.expectations:1");
    }
    assertThatThrownBy(() -> Expectations.read(Path.of("no-such-file")))
        .hasMessageContaining("no-such-file");
  }

  @Test
  void backendsWithoutAResourceExpectNothing() {
    assertThat(Expectations.ofBackend("no-such-backend").lines()).isEmpty();
  }
}
