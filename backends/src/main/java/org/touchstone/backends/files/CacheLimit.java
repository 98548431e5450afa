package org.touchstone.backends.files;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Keeps a folder of entries below a size: those that were not used for longest go first. */
final class CacheLimit {
  /** Older ones were left behind by a process that died while it wrote. */
  private static final Duration PARTS = Duration.ofHours(1);

  private CacheLimit() {}

  private record Entry(Path file, long bytes, FileTime used) {}

  /** Marks an entry as used now. */
  static void use(Path file) throws IOException {
    try {
      Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
    } catch (NoSuchFileException e) {
      // Another process has trimmed it since it was read.
      return;
    }
  }

  /** Deletes entries until the rest takes at most so many bytes; never the one just written. */
  static void trim(Path folder, String suffix, long most, Path written) throws IOException {
    List<Entry> entries = new ArrayList<>();
    long total = 0;
    Instant stale = Instant.now().minus(PARTS);
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        BasicFileAttributes facts = facts(file);
        String name = String.valueOf(file.getFileName());
        if (facts == null || !facts.isRegularFile()) {
          continue;
        }
        if (name.startsWith(".part-") && facts.lastModifiedTime().toInstant().isBefore(stale)) {
          Files.deleteIfExists(file);
        } else if (name.endsWith(suffix)) {
          entries.add(new Entry(file, facts.size(), facts.lastModifiedTime()));
          total += facts.size();
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    entries.sort(Comparator.comparing(Entry::used));
    for (Entry entry : entries) {
      if (total <= most) {
        return;
      }
      if (!entry.file().equals(written)) {
        // Another process may be faster, which is as good.
        Files.deleteIfExists(entry.file());
        total -= entry.bytes();
      }
    }
  }

  private static @Nullable BasicFileAttributes facts(Path file) throws IOException {
    try {
      return Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    } catch (NoSuchFileException e) {
      return null;
    }
  }
}
