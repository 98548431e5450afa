package org.touchstone.backends.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.touchstone.backends.config.Configuration;
import org.touchstone.backends.config.SharedSettings;
import org.touchstone.backends.spi.KernelCache;

/**
 * Keeps compiled kernels in the folder {@code kernels} of the cache folder. Threads that ask for
 * one key at the same time share one compilation; processes may both compile, and the last rename
 * wins. Above the size that is set, what was not used for longest is deleted. Where the folder
 * cannot be used, kernels are compiled in every run, with a notice.
 */
public final class DiskKernelCache implements KernelCache {
  private static final String SUFFIX = ".kernel";
  private static final Duration SLOW = Duration.ofSeconds(2);

  private final Configuration configuration;
  private final Consumer<String> notice;
  private final Duration slow;
  private final ConcurrentHashMap<String, CompletableFuture<byte[]>> compiling =
      new ConcurrentHashMap<>();
  private boolean opened;
  private Optional<Path> folder = Optional.empty();

  /** Creates the cache; touches no file. */
  public DiskKernelCache(Configuration configuration, Consumer<String> notice) {
    this(configuration, notice, SLOW);
  }

  DiskKernelCache(Configuration configuration, Consumer<String> notice, Duration slow) {
    this.configuration = configuration;
    this.notice = notice;
    this.slow = slow;
  }

  @Override
  public byte[] get(List<String> key, String what, Supplier<byte[]> compile) {
    String name = Digest.hex(key);
    CompletableFuture<byte[]> mine = new CompletableFuture<>();
    CompletableFuture<byte[]> running = compiling.putIfAbsent(name, mine);
    if (running != null) {
      return await(running).clone();
    }
    try {
      byte[] binary = readOrCompile(name, what, compile);
      mine.complete(binary.clone());
      return binary;
    } catch (RuntimeException | Error e) {
      mine.completeExceptionally(e);
      throw e;
    } finally {
      compiling.remove(name);
    }
  }

  private static byte[] await(CompletableFuture<byte[]> running) {
    try {
      return running.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      if (e.getCause() instanceof Error cause) {
        throw cause;
      }
      throw e;
    }
  }

  private byte[] readOrCompile(String name, String what, Supplier<byte[]> compile) {
    Optional<Path> file = folder().map(path -> path.resolve(name + SUFFIX));
    Optional<byte[]> kept = file.flatMap(path -> read(path, what));
    if (kept.isPresent()) {
      return kept.get();
    }
    byte[] binary = compile(what, compile);
    if (!configuration.setting(SharedSettings.CACHE_READONLY).isOn()) {
      file.ifPresent(path -> write(path, binary));
    }
    return binary;
  }

  private byte[] compile(String what, Supplier<byte[]> compile) {
    long start = System.nanoTime();
    CompletableFuture<Void> announcement =
        CompletableFuture.runAsync(
            () ->
                notice.accept(
                    "compiling "
                        + what
                        + " takes more than "
                        + slow.toMillis()
                        + " ms; please wait"),
            CompletableFuture.delayedExecutor(slow.toNanos(), TimeUnit.NANOSECONDS));
    try {
      return compile.get();
    } finally {
      announcement.cancel(false);
      Duration taken = Duration.ofNanos(System.nanoTime() - start);
      if (taken.compareTo(slow) > 0) {
        notice.accept(
            "compiling "
                + what
                + " took "
                + taken.toMillis()
                + " ms; its result is kept for later runs");
      }
    }
  }

  private Optional<byte[]> read(Path file, String what) {
    try {
      if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
        return Optional.empty();
      }
      PrivateFolder.requireOwner(file);
      Optional<byte[]> payload = CacheEntry.payload(Files.readAllBytes(file));
      if (payload.isEmpty()) {
        notice.accept("the cached binary of " + what + " is damaged and is built again: " + file);
      } else if (!configuration.setting(SharedSettings.CACHE_READONLY).isOn()) {
        CacheLimit.use(file);
      }
      return payload;
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      notice.accept(
          "the cached binary of " + what + " cannot be read and is built again: " + e.getMessage());
      return Optional.empty();
    }
  }

  private void write(Path file, byte[] binary) {
    try {
      PrivateFolder.writeWhole(file, CacheEntry.of(binary));
      CacheLimit.trim(
          folder().orElseThrow(),
          SUFFIX,
          configuration.setting(SharedSettings.CACHE_MAX).bytes(),
          file);
    } catch (IOException e) {
      notice.accept(
          "a compiled kernel cannot be kept for later runs: "
              + e
              + "; correct the folder or touchstone.cache.dir");
    }
  }

  @Override
  public void invalidate(List<String> key, String why) {
    Optional<Path> file = folder().map(path -> path.resolve(Digest.hex(key) + SUFFIX));
    if (file.isEmpty() || configuration.setting(SharedSettings.CACHE_READONLY).isOn()) {
      return;
    }
    try {
      if (Files.deleteIfExists(file.get())) {
        notice.accept("a cached kernel is built again: " + why);
      }
    } catch (IOException e) {
      notice.accept("a cached kernel that was refused cannot be deleted: " + e);
    }
  }

  /** Returns the folder, empty when it cannot be used. */
  private synchronized Optional<Path> folder() {
    if (!opened) {
      opened = true;
      Path path = configuration.cacheFolder().resolve("kernels");
      try {
        PrivateFolder.open(configuration.cacheFolder());
        folder = Optional.of(PrivateFolder.open(path));
      } catch (IOException e) {
        notice.accept(
            "compiled kernels are not kept for later runs, because "
                + path
                + " cannot be used: "
                + e
                + "; correct the folder or touchstone.cache.dir");
      }
    }
    return folder;
  }
}
