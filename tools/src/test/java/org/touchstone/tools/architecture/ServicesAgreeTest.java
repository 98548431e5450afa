package org.touchstone.tools.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Services are declared in module-info; the class path reads META-INF/services, which must say the
 * same.
 */
class ServicesAgreeTest {
  private static final List<String> MODULES =
      List.of(
          "api",
          "backends",
          "backends.cpu",
          "backends.cuda",
          "backends.opencl",
          "conformance",
          "tools");

  /**
   * A module's services as its descriptor and its META-INF/services name them: service to
   * providers.
   */
  private record Declared(
      String module, Map<String, List<String>> byModule, Map<String, List<String>> byClassPath) {
    List<String> disagreements() {
      return byModule.equals(byClassPath)
          ? List.of()
          : List.of(
              module + ": module-info provides " + byModule + ", META-INF/services " + byClassPath);
    }
  }

  @Test
  void moduleInfoAndMetaInfServicesAgree() throws IOException {
    List<Declared> modules = declarations();
    assertThat(modules)
        .extracting(Declared::module)
        .containsExactlyInAnyOrderElementsOf(
            MODULES.stream().map("org.touchstone."::concat).toList());
    assertThat(modules).flatExtracting(Declared::disagreements).isEmpty();
  }

  @Test
  void everyProviderLoadsFromTheClassPath() throws IOException {
    List<String> broken = new ArrayList<>();
    for (Declared module : declarations()) {
      module
          .byModule()
          .forEach(
              (service, providers) ->
                  providers.forEach(provider -> check(service, provider, broken)));
    }
    assertThat(broken).isEmpty();
  }

  @Test
  void aMissingLineIsNoticed() {
    Map<String, List<String>> provides = Map.of("a.Service", List.of("b.First", "b.Second"));
    assertThat(new Declared("m", provides, provides).disagreements()).isEmpty();
    assertThat(new Declared("m", provides, Map.of("a.Service", List.of("b.First"))).disagreements())
        .singleElement()
        .asString()
        .startsWith("m: module-info provides {a.Service=[b.First, b.Second]}");
    assertThat(new Declared("m", Map.of(), provides).disagreements()).hasSize(1);
  }

  /** The class path needs a public constructor; a provider method serves modules only. */
  private static void check(String service, String provider, List<String> broken) {
    try {
      Class<?> type = Class.forName(provider, false, ServicesAgreeTest.class.getClassLoader());
      Class<?> serviceType =
          Class.forName(service, false, ServicesAgreeTest.class.getClassLoader());
      if (Stream.of(type.getConstructors())
          .noneMatch(constructor -> constructor.getParameterCount() == 0)) {
        broken.add(provider + " has no public constructor without parameters");
      }
      if (!serviceType.isAssignableFrom(type)) {
        broken.add(provider + " is no " + service);
      }
    } catch (ClassNotFoundException e) {
      broken.add(provider + ": " + e);
    }
  }

  private static List<Declared> declarations() throws IOException {
    List<Declared> modules = new ArrayList<>();
    for (BuiltModule module : BuiltModule.all()) {
      Map<String, List<String>> byModule = new TreeMap<>();
      module
          .descriptor()
          .provides()
          .forEach(provides -> byModule.put(provides.service(), provides.providers()));
      modules.add(
          new Declared(
              module.descriptor().name(),
              byModule,
              module.read(root -> readServices(root.resolve("META-INF").resolve("services")))));
    }
    return modules;
  }

  private static Map<String, List<String>> readServices(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return Map.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return new TreeMap<>(
          files.collect(
              Collectors.toMap(
                  file -> file.getFileName().toString(), ServicesAgreeTest::providers)));
    }
  }

  private static List<String> providers(Path file) {
    try {
      return Files.readAllLines(file).stream()
          .map(line -> line.replaceFirst("#.*", "").strip())
          .filter(line -> !line.isEmpty())
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
