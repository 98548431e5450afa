package org.touchstone.tools.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.touchstone.tools.architecture.planted.Planted;

/** Shows that every architecture rule can fail, and on what it was written for. */
class PlantedViolationsTest {
  private static final String ROOT = Planted.class.getPackageName();
  private static final JavaClasses CLASSES = new ClassFileImporter().importPackages(ROOT);
  private static final Pattern VIOLATOR =
      Pattern.compile(Pattern.quote(ROOT) + "\\.([\\w.]*\\.[A-Z]\\w*)");

  @Test
  void everyRuleHasItsViolators() {
    assertThat(new ArchitectureRules(ROOT).all())
        .extracting(named -> named.name() + ": " + violators(named))
        .containsExactly(
            "api depends on nothing of ours: [api.UsesBackends]",
            "backends depends on api only: [backends.config.UsesCpu]",
            "backends.cpu depends on backends and api only: [backends.cpu.UsesOpenCl]",
            "backends.opencl depends on backends and api only: [backends.opencl.UsesCuda]",
            "backends.cuda depends on backends and api only: [backends.cuda.UsesConformance]",
            "conformance depends on backends and api only: [conformance.UsesCuda]",
            "tools finds backends through services only: [tools.UsesCpu]",
            "only backends.cpu.simd uses the Vector API: [backends.cpu.UsesVectors]",
            "only the packages that handle native memory use java.lang.foreign:"
                + " [api.op.UsesSegments]",
            "only Configuration and Main read the environment: [backends.ReadsEnvironment,"
                + " backends.ReadsFlag, backends.ReadsProperties]",
            "only TemporaryFolder changes system properties: [backends.ChangesProperties]");
  }

  private static List<String> violators(ArchitectureRules.Named named) {
    Set<String> names =
        named.rule().evaluate(CLASSES).getFailureReport().getDetails().stream()
            .map(VIOLATOR::matcher)
            .filter(Matcher::find)
            .map(matcher -> matcher.group(1))
            .collect(Collectors.toSet());
    return names.stream().sorted().toList();
  }
}
