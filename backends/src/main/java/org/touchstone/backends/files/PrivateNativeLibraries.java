package org.touchstone.backends.files;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.backends.config.Configuration;
import org.touchstone.backends.files.PrivateFolder.NotPrivateException;
import org.touchstone.backends.spi.NativeLibraries;

/**
 * Unpacks into the folder {@code native} of the cache folder, one sub-folder per content, so that
 * versions never overwrite each other while another process has one loaded. Thread-safe.
 */
public final class PrivateNativeLibraries implements NativeLibraries {
  private static final int NAME_DIGITS = 16;

  private final Configuration configuration;
  private final Consumer<String> notice;
  private @Nullable Path folder;

  /** Creates the loader; touches no file. */
  public PrivateNativeLibraries(Configuration configuration, Consumer<String> notice) {
    this.configuration = configuration;
    this.notice = notice;
  }

  @Override
  public synchronized Path folder() {
    if (folder == null) {
      folder = open();
    }
    return folder;
  }

  private Path open() {
    Path path = configuration.cacheFolder().resolve("native");
    try {
      PrivateFolder.open(configuration.cacheFolder());
      return PrivateFolder.open(path);
    } catch (NotPrivateException e) {
      throw failed(
          "native libraries are not unpacked where others could replace them: " + e.getMessage(),
          "remove that folder, or set touchstone.cache.dir to a private one",
          e);
    } catch (IOException e) {
      return temporary(path, e);
    }
  }

  /**
   * Containers often have no home that can be written; a fresh temporary folder is private, too.
   */
  private Path temporary(Path wanted, IOException why) {
    try {
      // Created with mode 0700 and a random name.
      Path path = Files.createTempDirectory("touchstone-native");
      path.toFile().deleteOnExit();
      notice.accept(
          "native libraries are unpacked in every run, because "
              + wanted
              + " cannot be used: "
              + why
              + "; set touchstone.cache.dir to a folder that can be written");
      return path;
    } catch (IOException e) {
      e.addSuppressed(why);
      throw failed(
          "native libraries can be unpacked neither into "
              + wanted
              + " nor into a temporary folder: "
              + e,
          "set touchstone.cache.dir to a folder that can be written",
          e);
    }
  }

  @Override
  public Path unpack(Class<?> anchor, String resource) {
    byte[] content = content(anchor, resource);
    String name = resource.substring(resource.lastIndexOf('/') + 1);
    String digest = HexFormat.of().formatHex(Digest.of(content)).substring(0, NAME_DIGITS);
    try {
      Path file = PrivateFolder.open(folder().resolve(digest)).resolve(name);
      if (!holds(file, content)) {
        PrivateFolder.writeWhole(file, content);
      }
      return file;
    } catch (IOException e) {
      throw failed(
          "cannot unpack " + resource + " into " + folder() + ": " + e,
          "free space there, or set touchstone.cache.dir",
          e);
    }
  }

  private static byte[] content(Class<?> anchor, String resource) {
    try (InputStream stream = open(anchor, resource)) {
      if (stream == null) {
        throw failed(
            "native library " + resource + " is not in the jar of " + anchor.getName(),
            "use a jar that was built for this platform",
            null);
      }
      return stream.readAllBytes();
    } catch (IOException e) {
      throw failed("cannot read " + resource + ": " + e, "repair the jar", e);
    }
  }

  /** On the module path a jar of natives is a module of its own, which only the loader searches. */
  private static @Nullable InputStream open(Class<?> anchor, String resource) {
    InputStream own = anchor.getResourceAsStream(resource);
    ClassLoader loader = anchor.getClassLoader();
    return own != null || loader == null || !resource.startsWith("/")
        ? own
        : loader.getResourceAsStream(resource.substring(1));
  }

  private static boolean holds(Path file, byte[] content) throws IOException {
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    PrivateFolder.requireOwner(file);
    return Files.size(file) == content.length && Arrays.equals(Files.readAllBytes(file), content);
  }

  @Override
  public Optional<Path> findSystemLibrary(String fileName) {
    return SystemLibraries.find(fileName);
  }

  private static HalException failed(String message, String remedy, @Nullable Throwable cause) {
    return new HalException(ErrorCode.NATIVE_FAILURE, message, null, null, remedy, cause);
  }
}
