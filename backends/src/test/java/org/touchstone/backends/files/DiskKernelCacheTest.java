package org.touchstone.backends.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.backends.config.Configuration;
import org.touchstone.backends.worker.WorkerChannel;
import org.touchstone.backends.worker.WorkerCommand;
import org.touchstone.backends.worker.WorkerProcess;
import org.touchstone.backends.worker.WorkerReply;

@Timeout(value = 5, unit = TimeUnit.MINUTES)
class DiskKernelCacheTest {
  private static final List<String> KEY = List.of("source", "-O2", "device 7", "driver 1.2");
  private static final byte[] BINARY = "compiled".getBytes(StandardCharsets.UTF_8);

  @TempDir private Path home;

  private final List<String> notices = new CopyOnWriteArrayList<>();
  private final AtomicInteger compilations = new AtomicInteger();

  private Path root() {
    return home.resolve("cache");
  }

  private DiskKernelCache cache(String... settings) {
    Map<String, String> all = new HashMap<>(Map.of("cache.dir", root().toString()));
    for (int i = 0; i < settings.length; i += 2) {
      all.put(settings[i], settings[i + 1]);
    }
    return new DiskKernelCache(Configuration.of(all), notices::add);
  }

  private byte[] compile() {
    compilations.incrementAndGet();
    return BINARY.clone();
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(root().resolve("kernels"))) {
      return files.sorted().toList();
    }
  }

  @Test
  void compiles_once_for_every_later_run() throws IOException {
    byte[] first = cache().get(KEY, "k", this::compile);
    first[0] = 0;
    assertThat(cache().get(KEY, "k", this::compile)).isEqualTo(BINARY);
    assertThat(compilations).hasValue(1);
    assertThat(files()).singleElement().asString().endsWith(".kernel");
    assertThat(notices).isEmpty();
    assertThat(Files.getPosixFilePermissions(root().resolve("kernels")))
        .isEqualTo(PosixFilePermissions.fromString("rwx------"));
    assertThat(Files.getPosixFilePermissions(files().getFirst()))
        .isEqualTo(PosixFilePermissions.fromString("rw-------"));
  }

  @Test
  void tells_keys_apart() throws IOException {
    List<List<String>> keys =
        List.of(
            List.of("ab", "c"), List.of("a", "bc"), List.of("abc"), List.of("abc", ""), List.of());
    for (List<String> key : keys) {
      assertThat(cache().get(key, "k", () -> key.toString().getBytes(StandardCharsets.UTF_8)))
          .asString()
          .isEqualTo(key.toString());
    }
    assertThat(files()).hasSize(keys.size());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3, 7, 15, 16, 47, 48, 55, -1, -9})
  void rebuilds_a_damaged_entry_with_a_notice(int place) throws IOException {
    cache().get(KEY, "fast_gemm", this::compile);
    Path file = files().getFirst();
    byte[] entry = Files.readAllBytes(file);
    if (place < 0) {
      entry = Arrays.copyOf(entry, entry.length + place);
    } else {
      entry[place] ^= 1;
    }
    Files.write(file, entry);
    assertThat(cache().get(KEY, "fast_gemm", this::compile)).isEqualTo(BINARY);
    assertThat(compilations).hasValue(2);
    assertThat(notices)
        .containsExactly("the cached binary of fast_gemm is damaged and is built again: " + file);
    assertThat(cache().get(KEY, "fast_gemm", this::compile)).isEqualTo(BINARY);
    assertThat(compilations).hasValue(2);
  }

  @Test
  void follows_no_link_to_an_entry() throws IOException {
    cache().get(KEY, "k", this::compile);
    Path file = files().getFirst();
    Path elsewhere = home.resolve("elsewhere");
    Files.move(file, elsewhere);
    Files.createSymbolicLink(file, elsewhere);
    assertThat(cache().get(KEY, "k", this::compile)).isEqualTo(BINARY);
    assertThat(compilations).hasValue(2);
    assertThat(Files.isSymbolicLink(file)).isFalse();
  }

  @Test
  void writes_nothing_when_read_only() throws IOException {
    cache("cache.readonly", "true").get(KEY, "k", this::compile);
    assertThat(files()).isEmpty();
    cache().get(KEY, "k", this::compile);
    assertThat(cache("cache.readonly", "true").get(KEY, "k", this::compile)).isEqualTo(BINARY);
    assertThat(compilations).hasValue(2);
    cache("cache.readonly", "true").invalidate(KEY, "refused");
    assertThat(files()).hasSize(1);
  }

  @Test
  void forgets_what_was_not_used_for_longest_when_it_grows_too_large() throws IOException {
    byte[] large = new byte[1000];
    Path folder = root().resolve("kernels");
    for (String key : List.of("a", "b", "c")) {
      cache().get(List.of(key), key, large::clone);
    }
    // Times of files may be coarse, so they are set.
    long old = 1_000_000_000_000L;
    for (Path file : files()) {
      Files.setLastModifiedTime(file, FileTime.fromMillis(old));
    }
    cache().get(List.of("a"), "a", this::compile);
    Path stale = Files.createFile(folder.resolve(".part-1.tmp"));
    Files.setLastModifiedTime(stale, FileTime.fromMillis(old));
    Path fresh = Files.createFile(folder.resolve(".part-2.tmp"));

    DiskKernelCache small = cache("cache.max", "2500");
    small.get(List.of("d"), "d", large::clone);
    assertThat(files()).hasSize(3).contains(fresh).doesNotContain(stale);
    assertThat(small.get(List.of("a"), "a", this::compile)).as("used last").isEqualTo(large);
    assertThat(small.get(List.of("d"), "d", this::compile)).as("written last").isEqualTo(large);
    assertThat(compilations).hasValue(0);

    cache("cache.max", "10").get(List.of("e"), "e", large::clone);
    assertThat(cache().get(List.of("e"), "e", this::compile)).isEqualTo(large);
    assertThat(compilations).as("the only entry is kept, however large").hasValue(0);
    assertThat(notices).isEmpty();
  }

  @Test
  void compiles_in_every_run_where_the_folder_cannot_be_used() throws IOException {
    Files.writeString(root(), "a file in the way");
    DiskKernelCache cache = cache();
    assertThat(cache.get(KEY, "k", this::compile)).isEqualTo(BINARY);
    assertThat(cache.get(KEY, "k", this::compile)).isEqualTo(BINARY);
    assertThat(compilations).hasValue(2);
    assertThat(notices)
        .singleElement()
        .asString()
        .startsWith("compiled kernels are not kept for later runs, because ")
        .contains("is a link or a file, expected a folder");
  }

  @Test
  void uses_no_folder_behind_a_link_and_tightens_an_open_one() throws IOException {
    Path real = Files.createDirectory(home.resolve("real"));
    Files.createSymbolicLink(root(), real);
    cache().get(KEY, "k", this::compile);
    assertThat(notices).singleElement().asString().contains("is a link or a file");
    Files.delete(root());
    Files.createDirectory(
        root(), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
    cache().get(KEY, "k", this::compile);
    assertThat(Files.getPosixFilePermissions(root()))
        .isEqualTo(PosixFilePermissions.fromString("rwx------"));
    assertThat(notices).hasSize(1);
  }

  @Test
  void forgets_a_binary_that_the_driver_refused() throws IOException {
    DiskKernelCache cache = cache();
    cache.get(KEY, "k", this::compile);
    cache.invalidate(KEY, "the driver answered -42");
    assertThat(files()).isEmpty();
    assertThat(notices).containsExactly("a cached kernel is built again: the driver answered -42");
    cache.invalidate(KEY, "again");
    assertThat(notices).hasSize(1);
    cache.get(KEY, "k", this::compile);
    assertThat(compilations).hasValue(2);
  }

  @Test
  void threads_share_one_compilation() throws Exception {
    DiskKernelCache cache = cache();
    CountDownLatch compiling = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    try (ExecutorService threads = Executors.newCachedThreadPool()) {
      Future<byte[]> first =
          threads.submit(
              () ->
                  cache.get(
                      KEY,
                      "k",
                      () -> {
                        compiling.countDown();
                        await(go);
                        return compile();
                      }));
      compiling.await();
      List<Future<byte[]>> others = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        others.add(threads.submit(() -> cache.get(KEY, "k", this::compile)));
      }
      assertThat(cache.get(List.of("another key"), "k", () -> new byte[] {9})).containsExactly(9);
      go.countDown();
      assertThat(first.get()).isEqualTo(BINARY);
      for (Future<byte[]> other : others) {
        assertThat(other.get()).isEqualTo(BINARY).isNotSameAs(first.get());
      }
    }
    assertThat(compilations).hasValue(1);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void a_failed_compilation_is_kept_by_nobody() throws IOException {
    DiskKernelCache cache = cache();
    assertThatThrownBy(
            () ->
                cache.get(
                    KEY,
                    "k",
                    () -> {
                      throw new IllegalStateException("syntax error in line 3");
                    }))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("syntax error in line 3");
    assertThat(files()).isEmpty();
    assertThat(cache.get(KEY, "k", this::compile)).isEqualTo(BINARY);
  }

  @Test
  void announces_a_long_compilation_while_it_runs() {
    CountDownLatch announced = new CountDownLatch(1);
    DiskKernelCache cache =
        new DiskKernelCache(
            Configuration.of(Map.of("cache.dir", root().toString())),
            text -> {
              notices.add(text);
              announced.countDown();
            },
            Duration.ofMillis(3));
    cache.get(
        KEY,
        "moe_forward",
        () -> {
          await(announced);
          return BINARY;
        });
    assertThat(notices).hasSize(2);
    assertThat(notices.getFirst())
        .isEqualTo("compiling moe_forward takes more than 3 ms; please wait");
    assertThat(notices.getLast()).startsWith("compiling moe_forward took ");
  }

  /** Asks the cache for keys on behalf of another process. */
  static final class CacheWorker {
    private CacheWorker() {}

    /** Serves requests of the form {@code key}; the folder is the first argument. */
    public static void main(String[] arguments) {
      DiskKernelCache cache =
          new DiskKernelCache(
              Configuration.of(Map.of("cache.dir", arguments[0])), System.err::println);
      WorkerChannel.serve(
          key -> {
            byte[] binary = cache.get(List.of(key), key, () -> large(key));
            return Integer.toHexString(Arrays.hashCode(binary));
          });
    }
  }

  private static byte[] large(String key) {
    return key.repeat(100_000).getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void two_processes_share_the_folder() throws Exception {
    WorkerCommand command = WorkerCommand.of(CacheWorker.class, root().toString());
    List<String> output = new CopyOnWriteArrayList<>();
    try (WorkerProcess one = WorkerProcess.start(command, output::add);
        WorkerProcess two = WorkerProcess.start(command, output::add);
        ExecutorService threads = Executors.newFixedThreadPool(2)) {
      for (int i = 0; i < 25; i++) {
        String key = "key-" + i;
        Future<WorkerReply> other = threads.submit(() -> two.request(key, Duration.ofMinutes(2)));
        WorkerReply own = one.request(key, Duration.ofMinutes(2));
        String expected = Integer.toHexString(Arrays.hashCode(large(key)));
        assertThat(List.of(own, other.get()))
            .allSatisfy(
                reply -> assertThat(reply).isEqualTo(new WorkerReply.Answer(expected, List.of())));
      }
    }
    assertThat(output).as("notices of either process").noneMatch(line -> line.contains("cached"));
    assertThat(files())
        .hasSize(25)
        .allSatisfy(file -> assertThat(CacheEntry.payload(Files.readAllBytes(file))).isPresent());
  }
}
