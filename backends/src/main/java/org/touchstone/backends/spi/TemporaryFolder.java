package org.touchstone.backends.spi;

import java.nio.file.Path;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * The temporary folder of the JVM, for bindings that load their native library from there and have
 * no other way to be told where it lies.
 *
 * <p>It is a system property, {@code java.io.tmpdir}, and so belongs to all threads, while backends
 * are probed by several at once: two that exchanged it on their own would load from each other's
 * folder, or from the shared one, and leave the wrong one behind.
 */
public final class TemporaryFolder {
  private static final String PROPERTY = "java.io.tmpdir";
  private static final ReentrantLock LOCK = new ReentrantLock();

  private TemporaryFolder() {}

  /**
   * Runs an action, such as the static initialiser of a binding, while another folder is the
   * temporary one. One action at a time runs in this process; others wait.
   *
   * @param folder what {@code java.io.tmpdir} names meanwhile
   * @return what the action returns
   */
  public static <T> T during(Path folder, Supplier<T> action) {
    LOCK.lock();
    try {
      String before = System.setProperty(PROPERTY, folder.toString());
      try {
        return action.get();
      } finally {
        if (before == null) {
          System.clearProperty(PROPERTY);
        } else {
          System.setProperty(PROPERTY, before);
        }
      }
    } finally {
      LOCK.unlock();
    }
  }
}
