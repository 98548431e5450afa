package org.touchstone.backends.hal;

import java.lang.ref.PhantomReference;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.touchstone.backends.spi.Kernel;

/**
 * Closes kernels: when their operator is unreachable, at the next preparation, or with the device.
 * Operators have no close of their own, and a program may prepare thousands of them. Thread-safe.
 */
final class KernelShelf implements AutoCloseable {
  private static final class Kept extends PhantomReference<HalOperator<?>> {
    private final Kernel<?> kernel;

    Kept(HalOperator<?> operator, Kernel<?> kernel, ReferenceQueue<HalOperator<?>> unreachable) {
      super(operator, unreachable);
      this.kernel = kernel;
    }
  }

  private final ReferenceQueue<HalOperator<?>> unreachable = new ReferenceQueue<>();
  private final Set<Kept> kept = ConcurrentHashMap.newKeySet();

  void keep(HalOperator<?> operator, Kernel<?> kernel) {
    kept.add(new Kept(operator, kernel, unreachable));
  }

  /** Closes what no program can submit any more, on the calling thread. */
  void closeUnreachable() {
    List<AutoCloseable> dead = new ArrayList<>();
    for (Reference<?> next = unreachable.poll(); next != null; next = unreachable.poll()) {
      if (next instanceof Kept one && kept.remove(one)) {
        dead.add(one.kernel::close);
      }
    }
    Closing.all(dead, "releasing a kernel", null);
  }

  @Override
  public void close() {
    List<Kernel<?>> rest = new ArrayList<>();
    for (Kept one : List.copyOf(kept)) {
      if (kept.remove(one)) {
        rest.add(one.kernel);
      }
    }
    Closing.all(
        rest.stream().<AutoCloseable>map(kernel -> kernel::close).toList(),
        "releasing a kernel",
        null);
  }
}
