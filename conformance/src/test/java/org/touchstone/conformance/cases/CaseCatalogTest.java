package org.touchstone.conformance.cases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AddSpec;
import org.touchstone.api.op.Op;
import org.touchstone.conformance.data.InputData;

class CaseCatalogTest {
  private final CaseCatalog catalog = CaseCatalog.standard();

  @Test
  void everyOperatorHasAGenerator() {
    assertThat(catalog.missing()).as("operators without a generator").isEmpty();
  }

  @Test
  void everyOperatorHasEveryFamilyOrSaysWhyNot() {
    for (OperatorCases generator : catalog.generators()) {
      for (Op op : generator.ops()) {
        Set<DataFamily> families = EnumSet.noneOf(DataFamily.class);
        catalog.cases(Level.L3, Set.of(op)).forEach(c -> families.add(c.family()));
        Set<DataFamily> expected = EnumSet.allOf(DataFamily.class);
        expected.removeAll(generator.inapplicable().keySet());
        assertThat(families).as("families of %s", op.opName()).isEqualTo(expected);
        assertThat(generator.inapplicable().values()).noneMatch(String::isBlank);
      }
    }
  }

  @Test
  void everyOperatorHasCoreCases() {
    for (OperatorCases generator : catalog.generators()) {
      for (Op op : generator.ops()) {
        assertThat(catalog.cases(Level.L1, Set.of(op))).as("L1 of %s", op.opName()).isNotEmpty();
      }
    }
  }

  @Test
  void namesFindTheirCaseAgainAndAreTheSameAtEveryCall() {
    List<TestCase> all = catalog.cases(Level.L3, Arrays.asList(Op.values()));
    List<TestCase> again = catalog.cases(Level.L3, Arrays.asList(Op.values()));
    assertThat(all.stream().map(TestCase::name)).doesNotHaveDuplicates();
    assertThat(again.stream().map(TestCase::name))
        .isEqualTo(all.stream().map(TestCase::name).toList());
    TestCase last = all.getLast();
    assertThat(catalog.find(last.name()).map(TestCase::name)).contains(last.name());
    assertThat(catalog.find("add/x=1x2x3x4,a=F32,b=F32,out=F32/random")).isEmpty();
    assertThat(catalog.find("nonsense")).isEmpty();
  }

  @Test
  void everySmallCaseFillsItsInputs() {
    for (TestCase testCase : catalog.cases(Level.L3, Arrays.asList(Op.values()))) {
      long elements =
          testCase.spec().signature().slots().stream()
              .filter(testCase::present)
              .mapToLong(s -> testCase.shape(s).elements())
              .sum();
      if (elements > 1 << 18) {
        continue;
      }
      try (Arena arena = Arena.ofConfined()) {
        InputData data = InputData.of(testCase, arena);
        assertThat(data.tensors()).as(testCase.name()).isNotEmpty();
      }
    }
  }

  @Test
  void duplicateNamesAreRefused() {
    OperatorCases twice =
        new OperatorCases() {
          @Override
          public Set<Op> ops() {
            return Set.of(Op.ADD);
          }

          @Override
          public void generate(CaseSink sink) {
            for (DType type : List.of(DType.F32, DType.BF16)) {
              sink.add(TestCase.of(AddSpec.of(type), DataFamily.RANDOM).shape("X", 3));
            }
          }
        };
    assertThatThrownBy(() -> new CaseCatalog(List.of(twice)).cases(Level.L3, Set.of(Op.ADD)))
        .hasMessageContaining("two cases named add/x=3/random");
  }

  @Test
  void variantsThatTheSignatureForbidsAreRefused() {
    TestCase.Builder mixed =
        TestCase.of(new AddSpec(DType.BF16, DType.F32, DType.F32), DataFamily.RANDOM)
            .shape("X", 3)
            .inPlace("y");
    assertThatThrownBy(mixed::build).hasMessageContaining("cannot be in place");
    assertThatThrownBy(TestCase.of(AddSpec.of(DType.F32), DataFamily.RANDOM)::build)
        .hasMessageContaining("symbol X has no shape");
  }
}
