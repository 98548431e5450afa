package org.touchstone.backends.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the build does with a kernel that is newer than the PTX that is checked in. */
class PtxBuildTest {
  private static final String PTX = "org/touchstone/backends/cuda/ptx";
  private static final Path RESOURCES = Path.of("src", "main", "resources").resolve(PTX);
  private static final Path SOURCES = Path.of("src", "main", "cuda");

  @TempDir private Path folder;

  private record Run(int exit, String messages) {}

  /** A module with one kernel and its snapshot. */
  @BeforeEach
  void prepare() throws IOException {
    copy(SOURCES.resolve("build-ptx.sh"), SOURCES);
    copy(SOURCES.resolve("add.cu"), SOURCES);
    try (Stream<Path> files = Files.list(SOURCES.resolve("common"))) {
      for (Path file : files.toList()) {
        copy(file, SOURCES.resolve("common"));
      }
    }
    copy(RESOURCES.resolve("add.sm_80.ptx"), RESOURCES);
    List<String> index =
        Files.readAllLines(RESOURCES.resolve("index.txt")).stream()
            .filter(line -> line.startsWith("#") || line.startsWith("add "))
            .toList();
    Files.write(folder.resolve(RESOURCES).resolve("index.txt"), index);
  }

  private void copy(Path file, Path to) throws IOException {
    Files.createDirectories(folder.resolve(to));
    Files.copy(file, folder.resolve(to).resolve(file.getFileName()));
  }

  private void touch() throws IOException {
    Path source = folder.resolve(SOURCES).resolve("add.cu");
    Files.writeString(source, Files.readString(source) + "// changed\n");
  }

  private Run build(String path) throws IOException, InterruptedException {
    Path messages = folder.resolve("messages");
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                Path.of("src", "build", "java", "PtxBuild.java").toAbsolutePath().toString(),
                folder.toString(),
                folder.resolve("classes").toString(),
                folder.resolve("work").toString())
            .redirectErrorStream(true)
            .redirectOutput(messages.toFile());
    builder.environment().put("PATH", path);
    int exit = builder.start().waitFor();
    return new Run(exit, Files.readString(messages, StandardCharsets.UTF_8));
  }

  private Path built(String name) {
    return folder.resolve("classes").resolve(PTX).resolve(name);
  }

  @Test
  void leavesWhatIsAsNewAsItsSource() throws Exception {
    Run run = build("");
    assertThat(run.exit()).as(run.messages()).isZero();
    assertThat(run.messages()).isEmpty();
    assertThat(folder.resolve("classes")).doesNotExist();
  }

  @Test
  void saysWhatIsStaleWhereThereIsNoCompiler() throws Exception {
    touch();
    Run run = build("");
    assertThat(run.exit()).as(run.messages()).isZero();
    assertThat(run.messages())
        .contains("the PTX of [add] is older than its source", "install the CUDA toolkit");
    assertThat(folder.resolve("classes")).doesNotExist();
  }

  @Test
  void buildsWhatIsStale() throws Exception {
    String path = System.getenv().getOrDefault("PATH", "");
    assumeTrue(
        Stream.of(path.split(File.pathSeparator, -1))
            .anyMatch(where -> Files.isExecutable(Path.of(where, "nvcc"))),
        "absent: nvcc");
    touch();
    Run run = build(path);
    assertThat(run.exit()).as(run.messages()).isZero();
    String before = Files.readString(folder.resolve(RESOURCES).resolve("index.txt"));
    String after = Files.readString(built("index.txt"));
    assertThat(after).contains("add add.sm_80.ptx 80 ").isNotEqualTo(before);
    // Only a comment was added: the code is the same, and so is that of the snapshot.
    assertThat(built("add.sm_80.ptx")).hasSameTextualContentAs(RESOURCES.resolve("add.sm_80.ptx"));
    // What is checked in is left to whoever commits.
    assertThat(Files.readString(folder.resolve(RESOURCES).resolve("index.txt"))).isEqualTo(before);
  }
}
