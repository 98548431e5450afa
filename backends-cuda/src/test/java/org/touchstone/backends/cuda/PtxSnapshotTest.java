package org.touchstone.backends.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.touchstone.api.HalException;

class PtxSnapshotTest {
  private static final Path SOURCES = Path.of("src", "main", "cuda");
  private static final Path SNAPSHOT =
      Path.of("src", "main", "resources", "org", "touchstone", "backends", "cuda", "ptx");
  private static final Pattern INCLUDE = Pattern.compile("(?m)^#include \"(?:common/)?(.*)\"$");
  private static final long LARGEST_SNAPSHOT = 10L << 20;

  static Stream<PtxSnapshot.Entry> entries() {
    return PtxSnapshot.entries().stream();
  }

  @ParameterizedTest
  @MethodSource("entries")
  void is_as_new_as_its_source(PtxSnapshot.Entry entry) throws Exception {
    MessageDigest digest = MessageDigest.getInstance("SHA-256");
    digest.update(Files.readAllBytes(SOURCES.resolve("build-ptx.sh")));
    Path source = SOURCES.resolve(entry.module() + ".cu");
    digest.update(Files.readAllBytes(source));
    Set<String> included = new TreeSet<>();
    includes(source, included);
    for (String name : included) {
      digest.update(Files.readAllBytes(SOURCES.resolve("common").resolve(name)));
    }
    String hash = HexFormat.of().formatHex(digest.digest());
    assertThat(entry.sourceHash())
        .as("what runs is built from %s.cu", entry.module())
        .isEqualTo(hash);
    // A build with nvcc replaces stale files; those that are checked in must not be stale either.
    assertThat(Files.readString(SNAPSHOT.resolve("index.txt")))
        .as("run backends-cuda/src/main/cuda/build-ptx.sh %s", entry.module())
        .contains(entry.file() + " ")
        .contains(" " + hash + "\n");
    assertThat(SNAPSHOT.resolve(entry.file())).hasBinaryContent(PtxSnapshot.read(entry));
  }

  private static void includes(Path file, Set<String> names) throws IOException {
    Matcher matcher = INCLUDE.matcher(Files.readString(file));
    while (matcher.find()) {
      if (names.add(matcher.group(1))) {
        includes(SOURCES.resolve("common").resolve(matcher.group(1)), names);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("entries")
  void states_its_version_and_nothing_of_the_machine_that_built_it(PtxSnapshot.Entry entry) {
    String text = new String(PtxSnapshot.read(entry), StandardCharsets.UTF_8);
    assertThat(text.lines().findFirst())
        .contains(".version " + entry.ptxVersion() / 10 + "." + entry.ptxVersion() % 10);
    assertThat(text).contains(".target sm_" + entry.from()).doesNotContain("\"/");
    // The compiler puts a hash of its folder into names of static variables.
    assertThat(text).doesNotContainPattern("_INTERNAL_(?!0{8}_)");
    assertThat(PtxVersions.driverFor(entry.ptxVersion())).isLessThan(Integer.MAX_VALUE);
  }

  @Test
  void has_a_file_for_every_source_and_a_source_for_every_file() throws IOException {
    try (Stream<Path> files = Files.list(SOURCES)) {
      assertThat(
              files
                  .map(path -> path.getFileName().toString())
                  .filter(name -> name.endsWith(".cu"))
                  .map(name -> name.substring(0, name.length() - 3)))
          .containsExactlyInAnyOrderElementsOf(
              entries().map(PtxSnapshot.Entry::module).collect(Collectors.toSet()));
    }
  }

  @Test
  void stays_small() {
    assertThat(entries().mapToLong(entry -> PtxSnapshot.read(entry).length).sum())
        .isLessThan(LARGEST_SNAPSHOT);
  }

  @Test
  void is_chosen_by_compute_capability() {
    assertThat(PtxSnapshot.choose("add", 80).file()).isEqualTo("add.sm_80.ptx");
    assertThat(PtxSnapshot.choose("add", 130).file()).isEqualTo("add.sm_80.ptx");
    assertThatThrownBy(() -> PtxSnapshot.choose("add", 75))
        .isInstanceOf(HalException.class)
        .hasMessageContaining("compute capability 75");
    assertThat(PtxSnapshot.lowestComputeCapability()).isEqualTo(80);
  }

  @Test
  void knows_which_driver_loads_it() {
    assertThat(PtxVersions.driverFor(70)).isEqualTo(11000);
    assertThat(PtxVersions.driverFor(84)).isEqualTo(12040);
    assertThat(PtxVersions.render(12040)).isEqualTo("12.4");
  }
}
