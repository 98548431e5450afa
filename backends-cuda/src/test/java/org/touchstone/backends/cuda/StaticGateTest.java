package org.touchstone.backends.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the assembler makes of every kernel for every target, against the table in docs/cuda.md. The
 * table is that of one version of ptxas: another one is held to the rules only.
 */
class StaticGateTest {
  private static final Path PAGE = Path.of("..", "docs", "cuda.md");
  private static final String BEGIN = "<!-- begin of the table that StaticGateTest checks: ptxas ";
  private static final String END = "<!-- end of the table -->";
  private static final List<String> TARGETS =
      List.of("sm_80", "sm_89", "sm_90a", "sm_100", "sm_120");

  @TempDir private Path work;

  private static boolean full() {
    return "full".equals(System.getenv("TOUCHSTONE_TEST_TIER"));
  }

  private static void requirePtxas() {
    boolean there =
        Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, "ptxas")));
    assumeTrue(there, "absent: nvcc");
  }

  private static String version() throws IOException {
    Process process = new ProcessBuilder("ptxas", "--version").start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return text.replaceFirst("(?s).*\\bV([\\d.]+).*", "$1");
  }

  private static int capability(String target) {
    return Integer.parseInt(target.replaceAll("\\D", ""));
  }

  /** Assembles the files of the snapshot that a target takes. */
  private List<Assembled> assemble(String target) throws Exception {
    List<Future<List<Assembled>>> pending = new ArrayList<>();
    try (ExecutorService threads =
        Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors())) {
      for (String module :
          PtxSnapshot.entries().stream().map(PtxSnapshot.Entry::module).distinct().toList()) {
        PtxSnapshot.Entry entry = PtxSnapshot.choose(module, capability(target));
        Path file = work.resolve(entry.file());
        Files.write(file, PtxSnapshot.read(entry));
        pending.add(threads.submit(() -> Assembled.of(target, file, work)));
      }
    }
    List<Assembled> all = new ArrayList<>();
    for (Future<List<Assembled>> each : pending) {
      all.addAll(each.get());
    }
    return all;
  }

  /** A row per kernel: registers by target, static shared memory, FP8 matrix instructions. */
  private static String table(Map<String, Map<String, Assembled>> kernels) {
    StringBuilder text = new StringBuilder();
    text.append("| kernel | ")
        .append(String.join(" | ", TARGETS))
        .append(" | shared | FP8 mma |\n|---|--:|--:|--:|--:|--:|--:|--:|\n");
    kernels.forEach(
        (kernel, byTarget) -> {
          text.append("| ").append(kernel);
          for (String target : TARGETS) {
            Assembled one = byTarget.get(target);
            text.append(" | ").append(one == null ? "" : one.registers());
          }
          Assembled any = byTarget.values().iterator().next();
          Assembled ada = byTarget.get("sm_89");
          text.append(" | ").append(any.shared());
          text.append(" | ").append(ada == null || ada.fp8Matrices() == 0 ? "" : ada.fp8Matrices());
          text.append(" |\n");
        });
    return text.toString();
  }

  private static List<String> column(String table, String target) {
    int column = 2 + TARGETS.indexOf(target);
    return table
        .lines()
        .filter(line -> line.startsWith("| ts_"))
        .map(line -> line.split(" *\\| *", -1))
        .map(cells -> cells[1] + " " + cells[column])
        .toList();
  }

  private static List<String> brokenRules(Assembled one, String target) {
    List<String> broken = new ArrayList<>();
    if (one.spills() != 0 || one.stack() != 0) {
      broken.add(target + ": spills or stack: " + one);
    }
    boolean native8 = target.equals("sm_89") || target.equals("sm_120");
    if (one.kernel().startsWith("ts_gemm_mma_fp8") && (one.fp8Matrices() > 0) != native8) {
      broken.add(target + ": FP8 matrix instructions where they are not native, or none: " + one);
    }
    if (one.kernel().contains("_mma_") && one.halfMatrices() + one.fp8Matrices() == 0) {
      broken.add(target + ": no matrix instructions: " + one);
    }
    return broken;
  }

  @Test
  void noKernelSpillsAndTheTableIsTrue() throws Exception {
    requirePtxas();
    // By default the target whose FP8 instructions are native; the others take minutes.
    List<String> targets = full() ? TARGETS : List.of("sm_89");
    Map<String, Map<String, Assembled>> kernels = new TreeMap<>();
    List<String> broken = new ArrayList<>();
    for (String target : targets) {
      for (Assembled one : assemble(target)) {
        kernels.computeIfAbsent(one.kernel(), k -> new TreeMap<>()).put(target, one);
        broken.addAll(brokenRules(one, target));
      }
    }
    String actual = table(kernels);
    Files.createDirectories(Path.of("target"));
    Files.writeString(Path.of("target", "static-table.md"), actual);
    assertThat(broken).isEmpty();
    String page = Files.readString(PAGE);
    assertThat(page).contains(BEGIN).contains(END);
    String rest = page.substring(page.indexOf(BEGIN) + BEGIN.length(), page.indexOf(END));
    if (!rest.startsWith(version() + " -->")) {
      return;
    }
    for (String target : targets) {
      assertThat(column(actual, target))
          .as("registers for %s in docs/cuda.md; target/static-table.md has the new table", target)
          .isEqualTo(column(rest, target));
    }
    if (full()) {
      assertThat(rest.lines().skip(1).collect(Collectors.joining("\n")).strip())
          .isEqualTo(actual.strip());
    }
  }
}
