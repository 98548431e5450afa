package org.touchstone.backends.opencl.standin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.backends.opencl.MovedDevice;

/** What only a driver that fails can show; a process each, because libraries are loaded once. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class StandInIcdTest {
  private static final String LOADER =
      Path.of("org", "touchstone", "backends", "opencl", "native").toString();

  @TempDir static Path folder;

  @BeforeAll
  static void build() throws Exception {
    Path source = Path.of("src", "test", "native", "icd.cpp").toAbsolutePath();
    Path library = folder.resolve("libstandin.so");
    Process compiler;
    try {
      compiler =
          new ProcessBuilder(
                  "g++",
                  "-std=c++17",
                  "-O1",
                  "-shared",
                  "-fPIC",
                  "-o",
                  library.toString(),
                  source.toString())
              .inheritIO()
              .start();
    } catch (IOException e) {
      abort("absent: cxx (apt-get install g++)");
      return;
    }
    assertThat(compiler.waitFor()).as("g++ %s", source).isZero();
    Path vendors = Files.createDirectory(folder.resolve("vendors"));
    Files.writeString(vendors.resolve("standin.icd"), library + "\n");
  }

  private static List<String> run(
      Class<?> main, String classPath, Map<String, String> environment, String... arguments)
      throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(List.of("-cp", classPath, main.getName()));
    command.addAll(Arrays.asList(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("OCL_ICD_VENDORS", folder.resolve("vendors").toString());
    builder.environment().put("OCL_ICD_FILENAMES", "");
    builder.environment().put("TOUCHSTONE_OPENCL_OCLGRIND", "off");
    builder
        .environment()
        .put("TOUCHSTONE_CACHE_DIR", Files.createTempDirectory(folder, "cache").toString());
    builder.environment().putAll(environment);
    Process child = builder.start();
    List<String> printed = child.inputReader().lines().toList();
    assertThat(child.waitFor()).as("%s", printed).isZero();
    return printed;
  }

  private static List<String> run(Map<String, String> environment, String... arguments)
      throws Exception {
    return run(StandInProgram.class, System.getProperty("java.class.path"), environment, arguments);
  }

  private static String line(List<String> printed, String start) {
    return printed.stream()
        .filter(text -> text.startsWith(start))
        .findFirst()
        .orElseGet(() -> "nothing starts with '" + start + "' in " + printed);
  }

  @Test
  void runs_and_gives_everything_back() throws Exception {
    List<String> printed = run(Map.of(), "add");
    assertThat(line(printed, "state")).startsWith("state READY");
    assertThat(line(printed, "first")).isEqualTo("first done");
    assertThat(line(printed, "second")).isEqualTo("second done");
    assertThat(line(printed, "live")).isEqualTo("live {}");
  }

  @ParameterizedTest
  @CsvSource({
    "clGetDeviceIDs -1 1, ABSENT, NO_DEVICE, check that the device is visible",
    "clGetDeviceIDs -2 1, BROKEN, DEVICE_BUSY, stop the other process",
    "clGetDeviceIDs -6 1, BROKEN, MEMORY, stop other processes that use the device or its memory",
    "clGetDeviceIDs -5 1, BROKEN, MEMORY, stop other processes that use the device or its memory",
    "clGetDeviceIDs -33 1, BROKEN, DRIVER_REFUSED, check permissions and the driver's log",
    "clIcdGetPlatformIDsKHR -1001 1, ABSENT, NO_PLATFORM, install an OpenCL ICD"
  })
  void tells_why_a_driver_is_of_no_use_and_what_to_do(
      String rule, String state, String reason, String remedy) throws Exception {
    List<String> printed = run(Map.of("STANDIN_FAIL", rule));
    assertThat(line(printed, "state")).contains(state, reason, remedy);
  }

  @ParameterizedTest
  @ValueSource(strings = {"clIcdGetPlatformIDsKHR", "clGetDeviceIDs"})
  void a_driver_that_never_answers_is_given_up(String call) throws Exception {
    // The class path's other work comes on top of the driver's own time.
    List<String> printed = run(Map.of("STANDIN_HANG", call, "TOUCHSTONE_PROBE_TIMEOUT", "4000"));
    assertThat(line(printed, "state"))
        .contains("BROKEN", "PROBE_TIMEOUT", "4000 ms", "repair the driver");
  }

  @ParameterizedTest
  @CsvSource({
    "uuid, uuid-07000000080000000900000000000000, opencl://stand-in/1",
    "pci, pci-0000:4b:00.1, opencl://stand-in/1",
    "none, none, opencl://stand-in/0"
  })
  void a_device_is_found_again_where_its_number_moved(String by, String identity, String now)
      throws Exception {
    List<String> printed =
        run(
            MovedDevice.class,
            System.getProperty("java.class.path"),
            // Twice for each look at a platform: how many, then which.
            Map.of("STANDIN_DEVICES", "2", "STANDIN_MOVED", "3", "STANDIN_IDENTITY", by));
    assertThat(printed)
        .contains("before opencl://stand-in/0 " + identity, "after " + now + " " + identity);
  }

  @Test
  void a_device_in_use_is_busy() throws Exception {
    assertThat(line(run(Map.of("STANDIN_AVAILABLE", "0")), "state"))
        .contains("BROKEN", "DEVICE_BUSY", "opencl://stand-in/0", "choose another device");
  }

  @Test
  void a_registered_library_that_cannot_be_loaded_is_named() throws Exception {
    Path vendors = Files.createDirectory(folder.resolve("broken"));
    Files.writeString(vendors.resolve("broken.icd"), "/no/such/driver.so\n");
    assertThat(line(run(Map.of("OCL_ICD_VENDORS", vendors.toString())), "state"))
        .contains(
            "BROKEN",
            "DRIVER_UNLOADABLE",
            "broken.icd",
            "/no/such/driver.so",
            "reinstall the driver or remove its registration");
  }

  @Test
  void a_buffer_above_the_limit_is_refused_with_numbers() throws Exception {
    assertThat(line(run(Map.of(), "large"), "failure"))
        .contains(
            "OUT_OF_MEMORY",
            "1073741824 bytes",
            "CL_DEVICE_MAX_MEM_ALLOC_SIZE, 1048576 of 4194304");
  }

  @Test
  void a_buffer_that_finds_no_memory_says_how_large_it_is() throws Exception {
    List<String> printed = run(Map.of("STANDIN_FAIL", "clCreateBuffer -4 2"), "add");
    assertThat(line(printed, "failure")).contains("OUT_OF_MEMORY", "64 bytes");
    assertThat(line(printed, "live")).isEqualTo("live {}");
  }

  @Test
  void a_device_that_is_taken_away_when_it_is_opened_leaves_nothing_behind() throws Exception {
    List<String> printed = run(Map.of("STANDIN_FAIL", "clCreateContext -2 1"), "add");
    assertThat(line(printed, "failure")).contains("DEVICE_LOST", "CL_DEVICE_NOT_AVAILABLE");
    assertThat(line(printed, "live")).isEqualTo("live {}");
  }

  @ParameterizedTest
  @CsvSource({
    "clEnqueueNDRangeKernel -2 1, DEVICE_LOST, CL_DEVICE_NOT_AVAILABLE",
    "status -34 2, DEVICE_LOST, CL_INVALID_CONTEXT",
    "clEnqueueNDRangeKernel -5 1, NATIVE_FAILURE, CL_OUT_OF_RESOURCES"
  })
  void a_failure_poisons_the_queue_with_its_cause(String rule, String code, String name)
      throws Exception {
    List<String> printed = run(Map.of("STANDIN_FAIL", rule), "add");
    assertThat(line(printed, "first")).contains(code, name);
    assertThat(printed)
        .filteredOn(text -> text.startsWith("second"))
        .anyMatch(text -> text.contains("QUEUE_POISONED"))
        .anyMatch(text -> text.contains(name));
    assertThat(line(printed, "live")).isEqualTo("live {}");
  }

  @Test
  void a_failed_build_shows_the_log_and_leaves_no_program() throws Exception {
    List<String> printed = run(Map.of("STANDIN_FAIL", "clBuildProgram -11 1"), "add");
    assertThat(line(printed, "first")).contains("building add.cl", "line 7: the log");
    assertThat(line(printed, "live")).isEqualTo("live {}");
  }

  @Test
  void a_long_build_is_announced_on_the_screen() throws Exception {
    List<String> printed = run(Map.of("STANDIN_BUILD_MS", "2600"), "add");
    assertThat(printed)
        .anyMatch(
            text ->
                text.contains("compiling add.cl for opencl://stand-in/0 takes more than 2000 ms"));
    assertThat(line(printed, "first")).isEqualTo("first done");
  }

  @Test
  void without_a_loader_the_reason_is_that_it_is_missing() throws Exception {
    String bare =
        Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
            .map(entry -> Files.isDirectory(Path.of(entry, LOADER)) ? withoutLoader(entry) : entry)
            .collect(Collectors.joining(File.pathSeparator));
    assertThat(line(run(LoaderReport.class, bare, Map.of()), "loader"))
        .contains("LOADER_MISSING", "libOpenCL.so.1", "install an OpenCL loader");
  }

  private static String withoutLoader(String classes) {
    try {
      Path copy = Files.createTempDirectory(folder, "classes");
      Path from = Path.of(classes);
      try (Stream<Path> files = Files.walk(from)) {
        for (Path file : files.filter(f -> !f.startsWith(from.resolve(LOADER))).toList()) {
          Path to = copy.resolve(from.relativize(file).toString());
          if (Files.isDirectory(file)) {
            Files.createDirectories(to);
          } else {
            Files.copy(file, to);
          }
        }
      }
      return copy.toString();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void a_loader_that_cannot_be_loaded_is_named() throws Exception {
    Path broken = Files.writeString(folder.resolve("libOpenCL.so.1"), "no library");
    assertThat(
            line(
                run(
                    LoaderReport.class,
                    System.getProperty("java.class.path"),
                    new TreeMap<>(),
                    broken.toString()),
                "loader"))
        .contains("NATIVE_LIBRARY_FAILED", broken.toString());
  }
}
