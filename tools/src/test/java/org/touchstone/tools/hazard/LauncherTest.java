package org.touchstone.tools.hazard;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.touchstone.tools.ArrowInJavaScript;
import org.touchstone.tools.ChildJvm;
import org.touchstone.tools.model.ExampleModel;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The launcher, which puts everything on the module path, and a backend from elsewhere there. */
class LauncherTest {
  private static final String ADD = "add/x=64x7168,a=BF16,b=BF16,out=BF16/random";

  /** Libraries of tests alone: none of them is a module of the command line. */
  private static final List<String> TEST_LIBRARIES =
      List.of("junit", "opentest4j", "apiguardian", "assertj", "byte-buddy", "archunit");

  @TempDir private Path folder;
  private final Map<String, String> environment = new HashMap<>();

  /** Makes a repository that looks built; its modules come from elsewhere. */
  @BeforeEach
  void build() throws IOException {
    for (String file : List.of("touchstone", "jvm.args", "pom.xml", "scripts/jdk.sh")) {
      Path copy = folder.resolve(file);
      Files.createDirectories(copy.getParent());
      Files.copy(ExampleModel.repository(file), copy);
    }
    Files.copy(folder.resolve("pom.xml"), folder.resolve("scripts/pom.xml"));
    Files.createDirectories(folder.resolve("scripts/src/main"));
    Files.createDirectories(folder.resolve("tools/target/app"));
    Path stamp = Files.createFile(folder.resolve("tools/target/app.stamp"));
    Files.setLastModifiedTime(stamp, FileTime.from(Instant.now().plusSeconds(60)));
  }

  /** Returns what Maven would put into the application, then a vendor's jar. */
  private String modulePath() throws IOException {
    List<String> path = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
      Path file = Path.of(entry).toAbsolutePath();
      String name = String.valueOf(file.getFileName());
      boolean ours = entry.endsWith(".jar") || Files.exists(file.resolve("module-info.class"));
      if (ours && Files.exists(file) && TEST_LIBRARIES.stream().noneMatch(name::contains)) {
        path.add(file.toString());
      }
    }
    path.add(hazard().toString());
    return String.join(File.pathSeparator, path);
  }

  /** Makes a jar of this package's backend: an automatic module, as a vendor's may be. */
  private Path hazard() throws IOException {
    Path jar = folder.resolve("hazard-1.jar");
    Path classes =
        Path.of(requireNonNull(HazardBackend.class.getResource("HazardBackend.class")).getPath())
            .getParent();
    try (OutputStream out = Files.newOutputStream(jar);
        JarOutputStream entries = new JarOutputStream(out);
        Stream<Path> files = Files.list(classes)) {
      entries.putNextEntry(
          new JarEntry("META-INF/services/org.touchstone.backends.spi.BackendProvider"));
      entries.write(HazardBackend.class.getName().getBytes(StandardCharsets.UTF_8));
      for (Path file : files.filter(f -> !f.toString().contains("Test")).toList()) {
        String name = HazardBackend.class.getPackageName().replace('.', '/');
        entries.putNextEntry(new JarEntry(name + "/" + file.getFileName()));
        Files.copy(file, entries);
      }
    }
    return jar;
  }

  private JsonNode launch(int exit, String options, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(folder.resolve("touchstone").toString()));
    command.addAll(Arrays.asList(arguments));
    Path out = folder.resolve("report.json");
    Path err = folder.resolve("messages");
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("TOUCHSTONE_MODULE_PATH", modulePath());
    builder.environment().put("JDK_JAVA_OPTIONS", ChildJvm.BRIEF + " " + options);
    builder.environment().putAll(environment);
    Process process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    try {
      assertThat(process.waitFor(3, TimeUnit.MINUTES)).as("ends within its time").isTrue();
    } finally {
      process.destroyForcibly().waitFor();
    }
    String text = Files.readString(out);
    assertThat(process.exitValue()).as(Files.readString(err) + text).isEqualTo(exit);
    return JsonMapper.builder().build().readTree(text.isBlank() ? "{}" : text);
  }

  @Test
  void workerProcessesGetTheModulePathAndTheBackendFromElsewhere() throws Exception {
    JsonNode report =
        launch(
            1,
            "-Dhazard.add=SEGFAULT -XX:-CreateCoredumpOnCrash -XX:ErrorFile="
                + folder.resolve("crash.log"),
            "conformance",
            "--format=json",
            "--device=" + HazardBackend.URI,
            "--op=add",
            "--isolate");
    JsonNode total = report.path("summary").path("total");
    assertThat(total.path("crashed").asInt()).as("%s", total).isEqualTo(1);
    assertThat(total.path("fail").asInt()).isZero();
    assertThat(total.path("pass").asInt()).isGreaterThan(20);
    for (JsonNode row : report.path("results")) {
      assertThat(row.path("outcome").asString().equals("crashed"))
          .isEqualTo(row.path("case").asString().equals(ADD));
    }
  }

  @Test
  void everyDeviceComputesFromTheModulePath() throws Exception {
    JsonNode devices = launch(0, "", "devices", "--check", "--format=json").path("devices");
    assertThat(devices.findValuesAsString("uri"))
        .contains("cpu://simd", "cuda-sim://sm_89", HazardBackend.URI);
    assertThat(devices)
        .allSatisfy(
            device -> assertThat(device.path("passed").asBoolean()).as("%s", device).isTrue());
  }

  /**
   * The natives of JCuda are a module of their own; the driver is a stand-in that adds. OpenCL's
   * binding is loaded by another thread at the same time, from a private folder of its own.
   */
  @Test
  void nativeLibrariesOfCudaLoadFromTheModulePath() throws Exception {
    Path source = ExampleModel.repository("backends-cuda/src/test/native/libcuda.cpp");
    String driver = folder.resolve("libcuda.so.1").toString();
    ProcessBuilder compiler =
        new ProcessBuilder(
            "g++", "-std=c++17", "-O1", "-shared", "-fPIC", "-o", driver, source.toString());
    try {
      assertThat(compiler.inheritIO().start().waitFor()).as("g++ %s", source).isZero();
    } catch (IOException e) {
      Assumptions.abort("absent: cxx (apt-get install g++)");
    }
    environment.put("LD_LIBRARY_PATH", folder.toString());
    environment.put("TOUCHSTONE_CACHE_DIR", folder.resolve("cache").toString());
    JsonNode total =
        launch(
                0,
                "",
                "conformance",
                "--device=cuda://0",
                "--case=add/x=31x33,a=F32,b=F32,out=F32/random",
                "--format=json")
            .path("summary")
            .path("total");
    assertThat(total.path("pass").asInt()).as("%s", total).isPositive();
    try (Stream<Path> unpacked = Files.walk(folder.resolve("cache/native"))) {
      List<Path> natives = unpacked.filter(Files::isRegularFile).toList();
      assertThat(natives).anyMatch(file -> file.toString().contains("libJCudaDriver"));
      assertThat(natives).extracting(Path::getParent).doesNotHaveDuplicates();
    }
  }

  @Test
  void seededDefectsAreFoundOnTheModulePath() throws Exception {
    JsonNode mutants =
        launch(0, "", "conformance", "--prove", "--device=cpu://simd", "--op=add", "--format=json")
            .path("mutants");
    assertThat(mutants.path("killed").asInt())
        .isEqualTo(mutants.path("total").asInt())
        .isGreaterThan(10);
  }

  @Test
  void arrowFilesAreWrittenAndJudgedFromTheModulePath() throws Exception {
    String golden = folder.resolve("golden").toString();
    launch(0, "", "golden", "export", golden, "--op=quantize_fp8_group", "--format=arrow");
    int answered =
        ArrowInJavaScript.run("answer", Path.of(golden).toRealPath().toString())
            .path("answered")
            .asInt();
    JsonNode total =
        launch(0, "", "golden", "judge", golden, "--format=json").path("summary").path("total");
    assertThat(total.path("pass").asInt()).isEqualTo(answered).isGreaterThan(20);
    Path arrow = folder.resolve("report.arrow");
    launch(0, "", "golden", "judge", golden, "--format=arrow", "--output=" + arrow);
    assertThat(ArrowInJavaScript.run("table", arrow.toString()).path("rows").size())
        .isEqualTo(answered);
  }
}
