package org.touchstone.tools.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Event;
import org.junit.platform.testkit.engine.Events;
import org.touchstone.conformance.ConformanceException;
import org.touchstone.conformance.ConformanceRequest;
import org.touchstone.conformance.ConformanceSuite;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.junit.ConformanceTests;

class ConformanceTestsTest {
  private static final String DEVICE = "cpu://simd";

  private static ConformanceRequest.Builder additions() {
    return ConformanceRequest.builder().device(DEVICE).op("add").level(Level.L1);
  }

  /** What a third party writes. */
  static class Additions {
    @TestFactory
    Stream<DynamicTest> conformance() {
      return ConformanceTests.of(additions().build());
    }
  }

  /** Expects a failure that does not happen. */
  static class Surprise {
    @TestFactory
    Stream<DynamicTest> conformance() throws IOException {
      Path file = Files.createTempFile("expectations", ".txt");
      try {
        Files.writeString(file, "add/x=scalar,* | xfail | ACCURACY | 99 | never\n");
        return ConformanceTests.of(additions().expectations(file).build());
      } finally {
        file.toFile().deleteOnExit();
      }
    }
  }

  /** Names a device that nobody has. */
  static class Nowhere {
    @TestFactory
    Stream<DynamicTest> conformance() {
      return ConformanceTests.of("acme://0", Level.L1);
    }
  }

  private static Events run(Class<?> tests) {
    return EngineTestKit.engine("junit-jupiter")
        .selectors(selectClass(tests))
        .execute()
        .allEvents();
  }

  @Test
  void everyCaseIsATestAndTheRunIsOne() {
    Events events = run(Additions.class);
    int cases = ConformanceSuite.list(additions().build()).size();

    long succeeded =
        events.dynamicallyRegistered().stream()
            .map(Event::getTestDescriptor)
            .filter(d -> !d.getDisplayName().startsWith("bias/"))
            .count();
    assertThat(succeeded).isEqualTo(cases + 1);
    assertThat(events.failed().count()).isZero();
    assertThat(events.aborted().count()).isZero();
    assertThat(events.succeeded().count()).isGreaterThan(cases);
  }

  @Test
  void anUnexpectedPassFailsItsTestAndTheRun() {
    Events failed = run(Surprise.class).failed();

    assertThat(failed.stream().map(e -> e.getTestDescriptor().getDisplayName()))
        .anyMatch(name -> name.startsWith("add/x=scalar"))
        .contains("the run as a whole");
  }

  @Test
  void anUnknownDeviceFailsTheFactoryOnce() {
    Events events = run(Nowhere.class);

    assertThat(events.failed().count()).isEqualTo(1);
    assertThat(events.dynamicallyRegistered().count()).isZero();
  }

  @Test
  void severalDevicesAreRefused() {
    ConformanceRequest two = additions().device("cpu://reference").build();

    assertThatThrownBy(() -> ConformanceTests.of(two))
        .isInstanceOf(ConformanceException.class)
        .hasMessageContaining("a test factory per device");
  }
}
