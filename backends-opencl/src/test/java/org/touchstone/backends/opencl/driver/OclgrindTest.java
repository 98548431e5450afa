package org.touchstone.backends.opencl.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.touchstone.api.HalOptions;
import org.touchstone.backends.Backends;
import org.touchstone.backends.worker.WorkerCommand;
import org.touchstone.backends.worker.WorkerProcess;
import org.touchstone.backends.worker.WorkerReply;

/** The checker finds what is planted, so that its silence means something. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class OclgrindTest {
  private static final Duration LIMIT = Duration.ofMinutes(2);

  private static Optional<Path> find(String setting) {
    return Oclgrind.find(setting, Backends.context(HalOptions.DEFAULT).nativeLibraries());
  }

  private static void require() {
    if (find("auto").isPresent()) {
      return;
    }
    String absent = System.getenv().getOrDefault("TOUCHSTONE_TEST_ABSENT", "");
    if (Arrays.asList(absent.split(",", -1)).contains("oclgrind")) {
      abort("absent: oclgrind");
    }
    throw new AssertionError(
        "Oclgrind is not there; install oclgrind, or run ./test --allow-absent oclgrind");
  }

  private static List<String> findings(WorkerProcess worker, String kernel) {
    WorkerReply reply = worker.request(kernel, LIMIT);
    assertThat(reply).isInstanceOf(WorkerReply.Answer.class);
    assertThat(((WorkerReply.Answer) reply).line()).isEqualTo(Oclgrind.URI);
    return ((WorkerReply.Answer) reply).findings();
  }

  private static void assertFound(List<String> findings, String what, String kernel, int line) {
    assertThat(findings).anyMatch(text -> text.contains(what));
    assertThat(findings).anyMatch(text -> text.contains("Kernel: " + kernel));
    assertThat(findings).anyMatch(text -> text.contains("At line " + line + " "));
  }

  @Test
  void reports_planted_defects_with_their_place_and_nothing_else() {
    require();
    try (WorkerProcess worker =
        WorkerProcess.start(WorkerCommand.of(PlantedKernels.class).forDevice(Oclgrind.URI))) {
      assertThat(findings(worker, "sound")).isEmpty();
      assertFound(findings(worker, "out_of_bounds"), "Invalid write of size 4", "out_of_bounds", 5);
      assertFound(findings(worker, "local_race"), "data race at local memory", "local_race", 9);
      assertFound(
          findings(worker, "uninitialised"), "Uninitialized value written", "uninitialised", 16);
      assertThat(findings(worker, "sound")).as("it is not silent for good").isEmpty();
    }
  }

  @Test
  void is_found_where_the_setting_says() {
    require();
    Path library = find("auto").orElseThrow();
    assertThat(find(library.toString())).contains(library);
    assertThat(find("/no/such/file.so")).isEmpty();
    assertThat(find("off")).isEmpty();
  }
}
