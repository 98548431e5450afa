package org.touchstone.backends.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.touchstone.backends.testing.Errors.assertFails;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.touchstone.api.ErrorCode;
import org.touchstone.backends.config.Configuration;

class PrivateNativeLibrariesTest {
  /** Any resource does: nothing loads it. */
  private static final String RESOURCE = "/org/touchstone/backends/files/Digest.class";

  @TempDir private Path home;

  private final List<String> notices = new CopyOnWriteArrayList<>();

  private PrivateNativeLibraries libraries(Path root) {
    return new PrivateNativeLibraries(
        Configuration.of(Map.of("cache.dir", root.toString())), notices::add);
  }

  private static byte[] content() throws IOException {
    try (InputStream stream = Digest.class.getResourceAsStream(RESOURCE)) {
      return stream == null ? new byte[0] : stream.readAllBytes();
    }
  }

  @Test
  void unpacks_into_a_private_folder_once() throws IOException {
    PrivateNativeLibraries libraries = libraries(home.resolve("a/b/cache"));
    Path file = libraries.unpack(Digest.class, RESOURCE);
    assertThat(file).startsWith(libraries.folder()).hasFileName("Digest.class");
    assertThat(Files.readAllBytes(file)).isNotEmpty().isEqualTo(content());
    for (Path folder :
        List.of(libraries.folder(), libraries.folder().getParent(), file.getParent())) {
      assertThat(Files.getPosixFilePermissions(folder))
          .isEqualTo(PosixFilePermissions.fromString("rwx------"));
    }
    FileTime past = FileTime.fromMillis(1_000_000);
    Files.setLastModifiedTime(file, past);
    assertThat(libraries(home.resolve("a/b/cache")).unpack(Digest.class, RESOURCE)).isEqualTo(file);
    assertThat(Files.getLastModifiedTime(file)).isEqualTo(past);
    assertThat(notices).isEmpty();
  }

  @Test
  void replaces_what_was_tampered_with() throws IOException {
    PrivateNativeLibraries libraries = libraries(home.resolve("cache"));
    Path file = libraries.unpack(Digest.class, RESOURCE);
    byte[] tampered = content();
    tampered[10] ^= 1;
    Files.write(file, tampered);
    libraries.unpack(Digest.class, RESOURCE);
    assertThat(Files.readAllBytes(file)).isEqualTo(content());

    Path elsewhere = Files.write(home.resolve("elsewhere"), content());
    Files.delete(file);
    Files.createSymbolicLink(file, elsewhere);
    libraries.unpack(Digest.class, RESOURCE);
    assertThat(Files.isSymbolicLink(file)).isFalse();
  }

  @Test
  void refuses_a_folder_that_others_could_redirect() throws IOException {
    Path real = Files.createDirectory(home.resolve("real"));
    Files.createSymbolicLink(home.resolve("cache"), real);
    assertFails(
            ErrorCode.NATIVE_FAILURE,
            () -> libraries(home.resolve("cache")).unpack(Digest.class, RESOURCE))
        .hasMessageContaining("is a link or a file, expected a folder")
        .hasMessageContaining("set touchstone.cache.dir to a private one");
    assertThat(real).isEmptyDirectory();
  }

  @Test
  void says_which_library_is_missing() {
    assertFails(
            ErrorCode.NATIVE_FAILURE,
            () -> libraries(home.resolve("cache")).unpack(Digest.class, "/nothing/libx.so"))
        .hasMessageContaining("native library /nothing/libx.so is not in the jar of")
        .hasMessageContaining("use a jar that was built for this platform");
  }

  @Test
  void uses_a_fresh_folder_where_the_home_cannot_be_written() throws IOException {
    Path file = Files.writeString(home.resolve("file"), "in the way");
    PrivateNativeLibraries libraries = libraries(file.resolve("cache"));
    Path unpacked = libraries.unpack(Digest.class, RESOURCE);
    assertThat(Files.readAllBytes(unpacked)).isEqualTo(content());
    assertThat(Files.getPosixFilePermissions(libraries.folder()))
        .isEqualTo(PosixFilePermissions.fromString("rwx------"));
    assertThat(notices)
        .singleElement()
        .asString()
        .startsWith("native libraries are unpacked in every run, because ");
    Files.delete(unpacked);
    Files.delete(unpacked.getParent());
    Files.delete(libraries.folder());
  }

  @Test
  void finds_the_systems_libraries() {
    PrivateNativeLibraries libraries = libraries(home.resolve("cache"));
    assertThat(libraries.findSystemLibrary("libc.so.6")).hasValueSatisfying(Path::isAbsolute);
    assertThat(libraries.findSystemLibrary("libtouchstone-nowhere.so.77")).isEmpty();
  }
}
