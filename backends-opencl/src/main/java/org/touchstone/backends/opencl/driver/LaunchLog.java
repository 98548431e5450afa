package org.touchstone.backends.opencl.driver;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.touchstone.backends.spi.KernelInspector;

/** Notes the launches of a thread while somebody watches. */
public final class LaunchLog implements KernelInspector {
  private static final ThreadLocal<@Nullable List<LaunchedKernel>> WATCHED = new ThreadLocal<>();

  /** Created by the service loader. */
  public LaunchLog() {}

  @Override
  public String backend() {
    return "opencl";
  }

  @Override
  public List<LaunchedKernel> watch(Runnable work) {
    List<LaunchedKernel> launches = new ArrayList<>();
    WATCHED.set(launches);
    try {
      work.run();
    } finally {
      WATCHED.remove();
    }
    return List.copyOf(launches);
  }

  static boolean watched() {
    return WATCHED.get() != null;
  }

  static void note(LaunchedKernel launch) {
    List<LaunchedKernel> launches = WATCHED.get();
    if (launches != null) {
      launches.add(launch);
    }
  }
}
