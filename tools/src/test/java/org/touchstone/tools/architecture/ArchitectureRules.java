package org.touchstone.tools.architecture;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The rules that hold the modules apart.
 *
 * <p>They are written for a root package, so that the same rules that guard {@code org.touchstone}
 * can be tried on classes planted to break them.
 */
final class ArchitectureRules {
  /** A rule and the name it is reported under. */
  record Named(String name, ArchRule rule) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static final List<String> BACKENDS = List.of("cpu", "opencl", "cuda");

  /** Ways to read the process's environment or its system properties, by class. */
  private static final Map<String, Set<String>> SETTINGS =
      Map.of(
          "java.lang.System", Set.of("getenv", "getProperty", "getProperties"),
          "java.lang.Boolean", Set.of("getBoolean"),
          "java.lang.Integer", Set.of("getInteger"),
          "java.lang.Long", Set.of("getLong"));

  /** Ways to change what all threads of the process see. */
  private static final Map<String, Set<String>> CHANGES =
      Map.of("java.lang.System", Set.of("setProperty", "setProperties", "clearProperty"));

  private final String root;

  ArchitectureRules(String root) {
    this.root = root;
  }

  List<Named> all() {
    List<Named> rules = new ArrayList<>();
    rules.add(
        apart(
            "api depends on nothing of ours",
            in("api.."),
            in("backends..", "conformance..", "tools..")));
    rules.add(
        apart(
            "backends depends on api only",
            in("backends..").and(DescribedPredicate.not(anyBackend())),
            anyBackend().or(in("conformance..", "tools.."))));
    for (String backend : BACKENDS) {
      DescribedPredicate<JavaClass> own = in("backends." + backend + "..");
      rules.add(
          apart(
              "backends." + backend + " depends on backends and api only",
              own,
              anyBackend().and(DescribedPredicate.not(own)).or(in("conformance..", "tools.."))));
    }
    rules.add(
        apart(
            "conformance depends on backends and api only",
            in("conformance.."),
            anyBackend().or(in("tools.."))));
    rules.add(apart("tools finds backends through services only", in("tools.."), anyBackend()));
    rules.add(
        apart(
            "only backends.cpu.simd uses the Vector API",
            DescribedPredicate.not(in("backends.cpu.simd..")),
            resideInAPackage("jdk.incubator.vector..")));
    rules.add(
        apart(
            "only the packages that handle native memory use java.lang.foreign",
            DescribedPredicate.not(
                in(
                    "api",
                    "api.format",
                    "backends..",
                    "conformance..",
                    "tools.device..",
                    "tools.golden..",
                    "tools.model..")),
            resideInAPackage("java.lang.foreign..")));
    rules.add(
        new Named(
            "only Configuration and Main read the environment",
            noClasses()
                .that()
                .doNotHaveFullyQualifiedName(root + ".backends.config.Configuration")
                .and()
                .doNotHaveFullyQualifiedName(root + ".tools.Main")
                // These read what the JVM says of itself: its home, paths and a worker's token.
                .and()
                .doNotHaveFullyQualifiedName(root + ".backends.files.SystemLibraries")
                .and()
                .doNotHaveFullyQualifiedName(root + ".backends.worker.WorkerChannel")
                .and()
                .doNotHaveFullyQualifiedName(root + ".backends.worker.WorkerCommand")
                .should()
                .accessTargetWhere(calls("reads the environment or a property", SETTINGS))));
    rules.add(
        new Named(
            "only TemporaryFolder changes system properties",
            noClasses()
                .that()
                .doNotHaveFullyQualifiedName(root + ".backends.spi.TemporaryFolder")
                .should()
                .accessTargetWhere(calls("changes a system property", CHANGES))));
    return List.copyOf(rules);
  }

  private static Named apart(
      String name, DescribedPredicate<JavaClass> from, DescribedPredicate<JavaClass> to) {
    // A package may still be empty; the planted violations show that the rule can fail.
    return new Named(
        name, noClasses().that(from).should().dependOnClassesThat(to).allowEmptyShould(true));
  }

  private DescribedPredicate<JavaClass> anyBackend() {
    return in(
        BACKENDS.stream().map(backend -> "backends." + backend + "..").toArray(String[]::new));
  }

  private DescribedPredicate<JavaClass> in(String... packages) {
    return resideInAnyPackage(
        Stream.of(packages).map(name -> root + "." + name).toArray(String[]::new));
  }

  private static DescribedPredicate<JavaAccess<?>> calls(
      String what, Map<String, Set<String>> methods) {
    return DescribedPredicate.describe(
        what,
        access ->
            methods
                .getOrDefault(access.getTargetOwner().getFullName(), Set.of())
                .contains(access.getTarget().getName()));
  }
}
