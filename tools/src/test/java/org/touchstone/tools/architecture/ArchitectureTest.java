package org.touchstone.tools.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ArchitectureTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("org.touchstone");

  static List<ArchitectureRules.Named> rules() {
    return new ArchitectureRules("org.touchstone").all();
  }

  @Test
  void everyModuleIsLookedAt() {
    assertThat(CLASSES)
        .extracting(type -> type.getPackageName())
        .contains(
            "org.touchstone.api",
            "org.touchstone.backends",
            "org.touchstone.backends.cpu",
            "org.touchstone.backends.opencl",
            "org.touchstone.backends.cuda",
            "org.touchstone.conformance",
            "org.touchstone.tools")
        .doesNotContain("org.touchstone.tools.architecture");
  }

  @ParameterizedTest
  @MethodSource("rules")
  void ruleHolds(ArchitectureRules.Named named) {
    assertThat(named.rule().evaluate(CLASSES).getFailureReport().getDetails()).isEmpty();
  }
}
