package org.touchstone.backends.spi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

@Timeout(value = 1, unit = TimeUnit.MINUTES)
@ResourceLock(Resources.SYSTEM_PROPERTIES)
class TemporaryFolderTest {
  @TempDir private Path one;
  @TempDir private Path other;
  private final String before = temporary();

  private static String temporary() {
    return String.valueOf(System.getProperty("java.io.tmpdir"));
  }

  /** The second one arrives while the first one's initialiser runs, as two probes do. */
  @Test
  void two_bindings_never_see_each_others_folder() throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch leave = new CountDownLatch(1);
    FutureTask<String> first =
        new FutureTask<>(
            () ->
                TemporaryFolder.during(
                    one,
                    () -> {
                      inside.countDown();
                      await(leave);
                      return temporary();
                    }));
    FutureTask<String> second =
        new FutureTask<>(() -> TemporaryFolder.during(other, TemporaryFolderTest::temporary));
    Thread.ofPlatform().daemon().start(first);
    await(inside);
    Thread waits = Thread.ofPlatform().daemon().start(second);
    // Until it either waits for its turn or, were there no turns, has come to its end.
    while (waits.getState() != Thread.State.WAITING
        && waits.getState() != Thread.State.TERMINATED) {
      Thread.onSpinWait();
    }
    leave.countDown();
    assertThat(first.get()).isEqualTo(one.toString());
    assertThat(second.get()).isEqualTo(other.toString());
    assertThat(temporary()).isEqualTo(before);
  }

  @Test
  void a_failure_gives_the_folder_back() {
    assertThatThrownBy(
            () ->
                TemporaryFolder.during(
                    other,
                    () -> {
                      throw new UnsatisfiedLinkError(temporary());
                    }))
        .isInstanceOf(UnsatisfiedLinkError.class)
        .hasMessage(other.toString());
    assertThat(temporary()).isEqualTo(before);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
