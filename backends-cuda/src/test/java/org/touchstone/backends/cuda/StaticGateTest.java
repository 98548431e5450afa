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
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the assembler makes of every kernel for every target, against the table in docs/cuda.md. The
 * table is that of one version of ptxas: another one is held to the rules only. It names the PTX
 * that it was made from, so that no kernel changes without being assembled for every target.
 */
class StaticGateTest {
  private static final Path PAGE = Path.of("..", "docs", "cuda.md");

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
    List<String> targets = full() ? StaticTable.TARGETS : List.of("sm_89");
    Map<String, Map<String, Assembled>> kernels = new TreeMap<>();
    List<String> broken = new ArrayList<>();
    for (String target : targets) {
      for (Assembled one : assemble(target)) {
        kernels.computeIfAbsent(one.kernel(), k -> new TreeMap<>()).put(target, one);
        broken.addAll(brokenRules(one, target));
      }
    }
    StaticTable actual = StaticTable.of(version(), kernels);
    Files.createDirectories(Path.of("target"));
    Files.write(Path.of("target", "static-table.md"), actual.bytes());
    assertThat(broken).isEmpty();
    assertThat(written().drift(actual, targets)).as("target/static-table.md is new").isEmpty();
  }

  @Test
  void theTableIsThatOfTheSnapshotAndCoversEveryTarget() throws Exception {
    StaticTable table = written();
    assertThat(table.snapshot()).as("PTX of the table").isEqualTo(StaticTable.nameOfSnapshot());
    assertThat(table.gaps()).as("rows without registers").isEmpty();
    assertThat(table.text().lines().filter(line -> line.startsWith("| ts_")))
        .hasSizeGreaterThan(40);
  }

  @Test
  void driftIsSeen() throws Exception {
    StaticTable table = written();
    assertThat(table.drift(table, StaticTable.TARGETS)).isEmpty();
    StaticTable other = new StaticTable(table.version(), "0123456789abcdef", table.text());
    assertThat(table.drift(other, StaticTable.TARGETS))
        .singleElement()
        .asString()
        .contains("0123456789abcdef", "TOUCHSTONE_TEST_TIER=full");
    String row =
        table.text().lines().filter(l -> l.startsWith("| ts_gemm_mma_fp8_s4 ")).findFirst().get();
    for (int cell = 2; cell <= 8; cell++) {
      String[] cells = row.split(" \\| ", -1);
      cells[cell - 1] = cells[cell - 1].replaceFirst("\\d+", "7");
      String changed = table.text().replace(row, String.join(" | ", cells));
      assertThat(changed).isNotEqualTo(table.text());
      assertThat(
              table.drift(
                  new StaticTable(table.version(), table.snapshot(), changed), StaticTable.TARGETS))
          .as("cell %d of ts_gemm_mma_fp8_s4 changed", cell)
          .isNotEmpty();
    }
    String without = table.text().replace(row + "\n", "");
    assertThat(
            table.drift(
                new StaticTable(table.version(), table.snapshot(), without), List.of("sm_89")))
        .isNotEmpty();
  }

  private static StaticTable written() throws IOException {
    return StaticTable.of(Files.readString(PAGE));
  }
}
