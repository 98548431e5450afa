package org.touchstone.backends.cuda;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The table of docs/cuda.md: what the assembler made of every kernel for every target.
 *
 * @param version the version of ptxas
 * @param snapshot the name of the PTX files, as {@link #nameOfSnapshot} gives it
 * @param text the rows
 */
record StaticTable(String version, String snapshot, String text) {
  static final List<String> TARGETS = List.of("sm_80", "sm_89", "sm_90a", "sm_100", "sm_120");

  private static final String BEGIN = "<!-- begin of the table that StaticGateTest checks: ptxas ";
  private static final String END = "<!-- end of the table -->";
  private static final int NAME_DIGITS = 16;

  /** Reads the table out of the page. */
  static StaticTable of(String page) {
    int begin = page.indexOf(BEGIN);
    int end = page.indexOf(END);
    if (begin < 0 || end < begin) {
      throw new AssertionError("docs/cuda.md has no table between '" + BEGIN + "' and '" + END);
    }
    String[] head = page.substring(begin + BEGIN.length(), end).split(", PTX | -->\n", 3);
    return new StaticTable(head[0], head[1], head[2].strip());
  }

  /** Makes a row per kernel: registers by target, static shared memory, FP8 instructions. */
  static StaticTable of(String version, Map<String, Map<String, Assembled>> kernels) {
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
    return new StaticTable(version, nameOfSnapshot(), text.toString().strip());
  }

  /** Returns the first digits of the SHA-256 of all PTX files, in the order of their index. */
  static String nameOfSnapshot() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      PtxSnapshot.entries().forEach(entry -> digest.update(PtxSnapshot.read(entry)));
      return HexFormat.of().formatHex(digest.digest()).substring(0, NAME_DIGITS);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns a line, {@code kernel registers shared fp8}, per kernel of a target. */
  private List<String> column(String target) {
    int column = 2 + TARGETS.indexOf(target);
    return text.lines()
        .filter(line -> line.startsWith("| ts_"))
        .map(line -> line.split(" *\\| *", -1))
        .map(cells -> cells[1] + " " + cells[column] + " " + cells[7] + " " + cells[8])
        .toList();
  }

  /**
   * Returns what is not as this table says.
   *
   * @param actual what was assembled now
   * @param targets for which targets it was
   */
  List<String> drift(StaticTable actual, List<String> targets) {
    List<String> drift = new ArrayList<>();
    if (!snapshot.equals(actual.snapshot)) {
      drift.add(
          "the table was made from PTX "
              + snapshot
              + ", the snapshot is "
              + actual.snapshot
              + ": run StaticGateTest with TOUCHSTONE_TEST_TIER=full and take its"
              + " target/static-table.md");
    }
    if (!version.equals(actual.version)) {
      // Another assembler numbers registers in another way; the rules hold for it all the same.
      return drift;
    }
    for (String target : targets) {
      List<String> here = column(target);
      List<String> now = actual.column(target);
      drift.addAll(
          now.stream()
              .filter(row -> !here.contains(row))
              .map(row -> target + ": the table lacks " + row)
              .toList());
      drift.addAll(
          here.stream()
              .filter(row -> !now.contains(row))
              .map(row -> target + ": nothing is like " + row)
              .toList());
    }
    return drift;
  }

  /** Returns the kernels that have no registers for some target. */
  List<String> gaps() {
    return TARGETS.stream()
        .flatMap(target -> column(target).stream().filter(row -> row.matches("\\w+  .*")))
        .distinct()
        .collect(Collectors.toList());
  }

  /** Returns the bytes of the table. */
  byte[] bytes() {
    return (text + "\n").getBytes(StandardCharsets.UTF_8);
  }
}
