package org.touchstone.backends.files;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A folder that only this user can read and write. Code is loaded from it, so a folder that belongs
 * to somebody else, is reached through a link, or is open to others is refused.
 */
final class PrivateFolder {
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rwx------");

  private static @Nullable UserPrincipal user;

  private PrivateFolder() {}

  /**
   * Creates the folder where it is missing, and checks it.
   *
   * @throws IOException when it cannot be created or is not private
   */
  static Path open(Path folder) throws IOException {
    Path parent = folder.toAbsolutePath().normalize().getParent();
    if (parent == null) {
      throw new NotPrivateException(folder + " is a root folder");
    }
    Path path = folder.toAbsolutePath().normalize();
    Files.createDirectories(parent);
    boolean posix = isPosix(parent);
    if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      create(path, posix);
    }
    if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
      throw new NotPrivateException(path + " is a link or a file, expected a folder");
    }
    requireOwner(path);
    if (posix && !Files.getPosixFilePermissions(path).equals(OWNER_ONLY)) {
      // It is this user's folder, so tightening it is enough: whatever lies in it is checked, too.
      Files.setPosixFilePermissions(path, OWNER_ONLY);
    }
    return path;
  }

  private static void create(Path path, boolean posix) throws IOException {
    FileAttribute<?>[] attributes =
        posix
            ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(OWNER_ONLY)}
            : new FileAttribute<?>[0];
    try {
      Files.createDirectory(path, attributes);
    } catch (FileAlreadyExistsException e) {
      // Another process was faster; the checks that follow hold for its folder, too.
      if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
        throw e;
      }
    }
  }

  private static boolean isPosix(Path path) throws IOException {
    FileStore store = Files.getFileStore(path);
    return store.supportsFileAttributeView(PosixFileAttributeView.class);
  }

  /** Checks that a file or folder belongs to this user and is no link. */
  static void requireOwner(Path path) throws IOException {
    UserPrincipal owner = Files.getOwner(path, LinkOption.NOFOLLOW_LINKS);
    if (!owner.equals(user())) {
      throw new NotPrivateException(
          path + " belongs to " + owner.getName() + ", expected " + user().getName());
    }
  }

  /** Returns the user that files created by this process belong to. */
  private static synchronized UserPrincipal user() throws IOException {
    if (user == null) {
      // A name may be missing from the user database, as in containers; a file's owner never is.
      Path probe = Files.createTempFile("touchstone", null);
      try {
        user = Files.getOwner(probe);
      } finally {
        Files.delete(probe);
      }
    }
    return user;
  }

  /** Writes a file so that no other process ever sees a part of it. */
  static void writeWhole(Path file, byte[] content) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    // Temporary files are created with mode 0600.
    Path temporary = Files.createTempFile(folder, ".part-", null);
    try {
      Files.write(temporary, content, StandardOpenOption.TRUNCATE_EXISTING);
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  /** Reports a folder that somebody else could write to. */
  static final class NotPrivateException extends IOException {
    private static final long serialVersionUID = 1L;

    NotPrivateException(String message) {
      super(message);
    }
  }
}
