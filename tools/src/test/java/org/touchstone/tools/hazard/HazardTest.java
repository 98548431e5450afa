package org.touchstone.tools.hazard;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.touchstone.tools.ChildJvm;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Runs of the suite, in processes of their own, on a device that kills, hangs and hoards. */
class HazardTest {
  private static final String ADD = "add/x=64x7168,a=BF16,b=BF16,out=BF16/random";

  @TempDir private Path folder;

  private record Run(int exit, String err, JsonNode report) {
    /** Returns the names of the results that are not passes, by outcome. */
    Map<String, List<String>> others() {
      Map<String, List<String>> others = new TreeMap<>();
      for (JsonNode row : report.path("results")) {
        String outcome = row.path("outcome").asString();
        if (!outcome.equals("pass")) {
          others.computeIfAbsent(outcome, o -> new ArrayList<>()).add(row.path("case").asString());
        }
      }
      return others;
    }

    String reason(String name) {
      for (JsonNode row : report.path("results")) {
        if (row.path("case").asString().equals(name)) {
          return row.path("reason").asString();
        }
      }
      throw new AssertionError("no row " + name);
    }
  }

  private Run run(List<String> options, String... arguments) throws Exception {
    // The services of the test's own class path are everybody's; this backend is for here only.
    Path services = Files.createDirectories(folder.resolve("more/META-INF/services"));
    Files.writeString(
        services.resolve("org.touchstone.backends.spi.BackendProvider"),
        HazardBackend.class.getName());
    Path out = folder.resolve("report.json");
    Path err = folder.resolve("messages");
    List<String> command = ChildJvm.command(ChildJvm.BRIEF);
    command.addAll(
        List.of(
            "-Xmx384m",
            "-XX:-CreateCoredumpOnCrash",
            "-XX:ErrorFile=" + folder.resolve("crash.log"),
            "-cp",
            folder.resolve("more") + File.pathSeparator + System.getProperty("java.class.path")));
    command.addAll(options);
    command.add("org.touchstone.tools.Main");
    command.addAll(List.of("conformance", "--format", "json", "--device", HazardBackend.URI));
    command.addAll(Arrays.asList(arguments));
    return start(command, out, err);
  }

  private static Run start(List<String> command, Path out, Path err) throws Exception {
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    try {
      assertThat(process.waitFor(5, TimeUnit.MINUTES)).as("ends within its time").isTrue();
    } finally {
      process.destroyForcibly();
    }
    String text = Files.readString(out);
    return new Run(
        process.exitValue(),
        Files.readString(err),
        JsonMapper.builder().build().readTree(text.isBlank() ? "{}" : text));
  }

  @Test
  void aCrashAHangAndExhaustedMemoryCostTheirOwnCaseEach() throws Exception {
    Run run =
        run(
            List.of("-Dhazard.add=SEGFAULT", "-Dhazard.embedding=HANG", "-Dhazard.rms_norm=MEMORY"),
            "--op=add",
            "--op=embedding",
            "--op=rms_norm",
            "--isolate",
            "--case-timeout=8");

    String embedding = "embedding/t=64,v=505,h=7168,table=BF16,out=BF16,scale=1.0/random";
    String norm = "rms_norm/variant=fp32_mul,t=16,h=7168,in=BF16,w=BF16,out=BF16/random";
    assertThat(run.others())
        .as(run.err())
        .isEqualTo(
            Map.of("crashed", List.of(ADD), "timeout", List.of(embedding), "oom", List.of(norm)));
    assertThat(run.reason(ADD)).contains("the worker process ended with").contains("SIGSEGV");
    assertThat(run.reason(embedding)).contains("did not end within 8 s");
    assertThat(run.reason(norm)).containsIgnoringCase("heap");
    assertThat(run.report().path("summary").path("total").path("pass").asInt()).isGreaterThan(60);
    assertThat(run.exit()).isEqualTo(1);
  }

  @Test
  void aRunThatDiedWithItsDeviceGoesOnAndMarksThatCase() throws Exception {
    Path journal = folder.resolve("journal");
    String[] arguments = {"--op=add", "--journal=" + journal};
    Run died = run(List.of("-Dhazard.add=BLACKOUT"), arguments);
    assertThat(died.exit()).isNotIn(0, 1);
    assertThat(Files.readAllLines(journal).getLast())
        .as("the last line before the blackout")
        .contains("\"start\":\"" + ADD + "\"");
    long before = Files.readAllLines(journal).size();

    Run resumed = run(List.of("-Dhazard.add=BLACKOUT"), arguments);
    assertThat(resumed.others()).as(resumed.err()).isEqualTo(Map.of("crashed", List.of(ADD)));
    assertThat(resumed.reason(ADD)).contains("the run ended while this case ran");
    assertThat(resumed.exit()).isEqualTo(1);

    Run whole = run(List.of(), "--op=add");
    assertThat(whole.others()).isEmpty();
    assertThat(names(resumed)).isEqualTo(names(whole));
    List<String> lines = Files.readAllLines(journal);
    assertThat(lines.stream().filter(line -> line.contains("\"start\"")).distinct())
        .as("no case is started twice")
        .hasSameSizeAs(lines.stream().filter(line -> line.contains("\"start\"")).toList());
    assertThat(before).isGreaterThan(10);
  }

  private static List<String> names(Run run) {
    List<String> names = new ArrayList<>();
    run.report().path("results").forEach(row -> names.add(row.path("case").asString()));
    // Rows over all cases need every case.
    names.removeIf(name -> name.startsWith("bias/"));
    return names;
  }

  @Test
  void aFailureIsShrunkToTheSmallestShapeAndThatRunsByItsName() throws Exception {
    String[] isolations = {"--isolate", "--threads=1"};
    for (String isolation : isolations) {
      Run run = run(List.of("-Dhazard.add=REFUSE"), "--case=" + ADD, isolation);
      String smallest = "add/x=1x7168,a=BF16,b=BF16,out=BF16/random";
      assertThat(run.others()).isEqualTo(Map.of("fail", List.of(ADD)));
      assertThat(run.reason(ADD)).endsWith("the smallest that fails alike: --case " + smallest);
      assertThat(run.err()).contains("--case " + ADD).contains(smallest);
      Run again = run(List.of("-Dhazard.add=REFUSE"), "--case=" + smallest, isolation);
      assertThat(again.others()).isEqualTo(Map.of("fail", List.of(smallest)));
      assertThat(again.reason(smallest)).contains("rows of this width do not work");
    }
  }
}
