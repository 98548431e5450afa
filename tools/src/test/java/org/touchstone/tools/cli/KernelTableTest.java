package org.touchstone.tools.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.touchstone.api.op.Op;
import org.touchstone.tools.ChildJvm;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What is kept of the kernels says what Oclgrind saw: work-groups, local memory, and which share of
 * the segments that neighbours fetch together they use. By default it looks at the functions that
 * no product launches; the table names the kernels that it was made from.
 */
class KernelTableTest {
  private static final Path DOCUMENT = Path.of("..", "docs", "opencl-kernels.md");
  private static final Path SHIPPED =
      Path.of(
          "..",
          "backends-opencl/src/main/resources/org/touchstone/backends/opencl/access.properties");
  private static final String HEADER =
      "| function | operators | group | local memory | loads used | stores used |";

  /** Operators whose kernels the simulator takes longest for; by default it leaves them out. */
  private static final Pattern LATER = Pattern.compile("gemm_.*|moe_forward");

  @TempDir Path folder;

  private static boolean full() {
    return "full".equals(System.getenv("TOUCHSTONE_TEST_TIER"));
  }

  /** A kernel function, added up over the launches of all operators. */
  private static final class Function {
    final TreeSet<String> operators = new TreeSet<>();
    final TreeSet<Long> groups = new TreeSet<>();
    final TreeSet<String> printed = new TreeSet<>();
    final long[] counts = new long[6];
    long local;

    /** Returns the bytes that were asked for by those of the segments that hold them. */
    private String share(int from) {
      return counts[from + 1] == 0
          ? "-"
          : Long.toString(Math.round(100.0 * counts[from + 2] / (64.0 * counts[from + 1])));
    }

    String access() {
      // A group of one has no neighbours.
      return groups.last() == 1 ? "- -" : share(0) + " " + share(3);
    }

    String row(String name) {
      String used = access().replaceAll("([0-9]+)", "$1 %").replaceFirst("(?<=[%-]) ", " | ");
      String sizes = groups.toString().replaceAll("[\\[\\]]", "");
      return "| `%s` | %s | %s | %d | %s |"
          .formatted(name, String.join(", ", operators), sizes, local, used);
    }
  }

  @Test
  void whatIsKeptIsWhatTheSimulatorSaw() throws IOException, InterruptedException {
    Path trace = folder.resolve("trace");
    Path report = folder.resolve("report.json");
    List<String> ops =
        Arrays.stream(Op.values())
            .map(Op::opName)
            .filter(op -> full() || !LATER.matcher(op).matches())
            .toList();
    survey(ops, trace, report);
    SortedMap<String, Function> functions = functions(report, trace);
    assertThat(functions.values().stream().flatMap(function -> function.operators.stream()))
        .as("operators of which a kernel was launched")
        .containsAll(ops);

    List<String> rows = Files.readAllLines(DOCUMENT);
    List<String> judged =
        rows.stream()
            .filter(row -> row.startsWith("| `") && ops.containsAll(operators(row)))
            .toList();
    if (full()) {
      assertThat(rows).filteredOn(row -> row.startsWith("| `")).isEqualTo(judged);
    } else {
      functions.keySet().retainAll(judged.stream().map(KernelTableTest::function).toList());
    }
    List<String> shipped = new ArrayList<>();
    List<String> table = new ArrayList<>();
    functions.forEach(
        (name, function) -> {
          shipped.add(name + " = " + function.access());
          table.add(function.row(name));
        });
    Path target = Files.createDirectories(Path.of("target"));
    Path fresh = Files.write(target.resolve("access.properties"), shipped);
    List<String> page = new ArrayList<>(List.of(name(), HEADER, "|---|---|---|---|---|---|"));
    page.addAll(table);
    Path freshPage = Files.write(target.resolve("opencl-kernels.md"), page);
    assertThat(Files.readAllLines(SHIPPED))
        .as("%s, against %s of this run", SHIPPED, fresh)
        .filteredOn(line -> functions.containsKey(line.replaceFirst(" = .*", "")))
        .isEqualTo(shipped);
    assertThat(judged).as("%s, against %s of this run", DOCUMENT, freshPage).isEqualTo(table);
    functions.forEach(
        (name, function) ->
            assertThat(function.printed)
                .as("what the command says of " + name)
                .containsExactly(function.access()));
  }

  /** So that no kernel changes without being looked at in the long tier. */
  @Test
  void theTableIsThatOfTheKernels() throws IOException {
    assertThat(Files.readAllLines(DOCUMENT))
        .as(
            "run KernelTableTest with TOUCHSTONE_TEST_TIER=full and take"
                + " tools/target/opencl-kernels.md")
        .contains(name(), HEADER);
    Properties access = new Properties();
    try (Reader reader = Files.newBufferedReader(SHIPPED)) {
      access.load(reader);
    }
    assertThat(Files.readAllLines(DOCUMENT))
        .filteredOn(row -> row.startsWith("| `"))
        .extracting(KernelTableTest::function)
        .containsExactlyElementsOf(new TreeSet<>(access.stringPropertyNames()));
  }

  /** Returns a line that names the kernels' sources and sizes by the first digits of their hash. */
  private static String name() throws IOException {
    try (Stream<Path> kernels = Files.list(SHIPPED.resolveSibling("kernels"))) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (Path kernel : kernels.sorted().toList()) {
        digest.update(Files.readAllBytes(kernel));
      }
      digest.update(Files.readAllBytes(SHIPPED.resolveSibling("tuning.properties")));
      String hash = HexFormat.of().formatHex(digest.digest());
      return "<!-- of kernels and sizes " + hash.substring(0, 16) + " -->";
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String function(String row) {
    return row.substring(row.indexOf('`') + 1, row.lastIndexOf('`'));
  }

  private static List<String> operators(String row) {
    return List.of(row.split(" \\| ", -1)[1].split(", ", -1));
  }

  /** Runs the command under the simulator with the plugin. */
  private void survey(List<String> ops, Path trace, Path report)
      throws IOException, InterruptedException {
    Path driver =
        Needed.file(
            "oclgrind",
            "/usr/lib/oclgrind/liboclgrind-rt-icd.so",
            "/usr/lib/x86_64-linux-gnu/oclgrind/liboclgrind-rt-icd.so");
    Files.writeString(folder.resolve("oclgrind.icd"), driver + "\n");
    Map<String, String> environment = new TreeMap<>();
    environment.put("OCL_ICD_VENDORS", folder.toString());
    environment.put("OCLGRIND_PLUGINS", plugin().toString());
    environment.put("OCLGRIND_ACCESS_TRACE", trace.toString());
    environment.put("TOUCHSTONE_OPENCL_VARIANT", "gpu");
    environment.put("TOUCHSTONE_OPENCL_FAMILY", "generic");
    environment.put("TOUCHSTONE_OPENCL_TUNING", "off");
    List<String> command = ChildJvm.command(ChildJvm.BRIEF);
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of("org.touchstone.tools.Main", "kernels", "--format", "json"));
    command.addAll(List.of("--device", "opencl://oclgrind/0", "--most-elements", "2048"));
    ops.forEach(op -> command.addAll(List.of("--op", op)));
    run(environment, report, command.toArray(String[]::new));
  }

  private Path plugin() throws IOException, InterruptedException {
    Path header = Needed.file("oclgrind-dev", "/usr/include/oclgrind/Plugin.h");
    Needed.file("opencl-headers", "/usr/include/CL/cl.h");
    Path compiler = Needed.file("cxx", "/usr/bin/c++", "/usr/bin/g++", "/usr/bin/clang++");
    Path library = folder.resolve("libaccess.so");
    run(
        Map.of(),
        folder.resolve("compiler"),
        compiler.toString(),
        "-std=c++17",
        "-O2",
        "-shared",
        "-fPIC",
        "-fno-rtti",
        "-I",
        String.valueOf(header.getParent()),
        Path.of("..", "backends-opencl", "src", "test", "cpp", "AccessTrace.cpp").toString(),
        "-o",
        library.toString(),
        "-loclgrind");
    return library;
  }

  private void run(Map<String, String> environment, Path out, String... command)
      throws IOException, InterruptedException {
    Path err = folder.resolve("messages");
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    Process process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    try {
      assertThat(process.waitFor(10, TimeUnit.MINUTES)).as("ends within its time").isTrue();
    } finally {
      process.destroyForcibly();
    }
    assertThat(process.exitValue()).as(Files.readString(err)).isZero();
  }

  private static SortedMap<String, Function> functions(Path report, Path trace) throws IOException {
    SortedMap<String, Function> functions = new TreeMap<>();
    JsonNode kernels =
        JsonMapper.builder().build().readTree(Files.readString(report)).path("kernels");
    for (JsonNode kernel : kernels) {
      Function function =
          functions.computeIfAbsent(kernel.path("function").asString(), name -> new Function());
      function.operators.add(kernel.path("op").asString());
      function.groups.add(kernel.path("group_size").asLong());
      function.printed.add(
          kernel.path("loads_used_percent").asString("-")
              + " "
              + kernel.path("stores_used_percent").asString("-"));
      function.local = Math.max(function.local, kernel.path("local_bytes").asLong());
    }
    Map<String, List<String>> lines =
        Files.readAllLines(trace).stream()
            .collect(Collectors.groupingBy(line -> line.substring(0, line.indexOf(' '))));
    functions.forEach(
        (name, function) -> {
          for (String line : lines.getOrDefault(name, List.of())) {
            String[] words = line.split(" ", -1);
            for (int i = 0; i < function.counts.length; i++) {
              function.counts[i] += Long.parseLong(words[i + 1]);
            }
          }
        });
    return functions;
  }
}
