package org.touchstone.backends.files;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Looks for shared libraries where the system's loader would; loads nothing. */
final class SystemLibraries {
  /** Folders beside those that the JVM and the loader's configuration name. */
  private static final List<String> WELL_KNOWN =
      List.of(
          "/usr/local/lib",
          "/usr/local/lib64",
          "/usr/lib/x86_64-linux-gnu",
          "/lib/x86_64-linux-gnu",
          "/usr/lib/aarch64-linux-gnu",
          "/lib/aarch64-linux-gnu",
          "/usr/lib64",
          "/lib64",
          "/usr/lib",
          "/lib",
          // The driver of Windows inside its Linux subsystem.
          "/usr/lib/wsl/lib",
          "C:\\Windows\\System32");

  private SystemLibraries() {}

  static Optional<Path> find(String fileName) {
    return folders().stream()
        .map(folder -> folder.resolve(fileName))
        .filter(Files::isRegularFile)
        .findFirst();
  }

  private static Set<Path> folders() {
    Set<Path> folders = new LinkedHashSet<>();
    // On Linux this starts with LD_LIBRARY_PATH.
    for (String folder :
        System.getProperty("java.library.path", "").split(File.pathSeparator, -1)) {
      add(folders, folder);
    }
    loaderConfiguration().forEach(folder -> add(folders, folder));
    WELL_KNOWN.forEach(folder -> add(folders, folder));
    return folders;
  }

  private static void add(Set<Path> folders, String folder) {
    if (folder.isBlank()) {
      return;
    }
    try {
      Path path = Path.of(folder);
      if (path.isAbsolute()) {
        folders.add(path);
      }
    } catch (InvalidPathException e) {
      // A path of another operating system cannot hold a library of this one.
      return;
    }
  }

  /** Reads {@code /etc/ld.so.conf.d}, where vendors register their drivers' folders. */
  private static List<String> loaderConfiguration() {
    Set<String> folders = new LinkedHashSet<>();
    Path configurations = Path.of("/etc/ld.so.conf.d");
    if (!Files.isDirectory(configurations)) {
      return List.of();
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(configurations, "*.conf")) {
      for (Path file : files) {
        try (Stream<String> lines = Files.lines(file)) {
          lines.map(String::strip).filter(line -> line.startsWith("/")).forEach(folders::add);
        }
      }
    } catch (IOException | UncheckedIOException e) {
      // Unreadable for this user, so the loader does not follow it either.
      return List.copyOf(folders);
    }
    return List.copyOf(folders);
  }
}
