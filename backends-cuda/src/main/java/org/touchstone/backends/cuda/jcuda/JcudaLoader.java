package org.touchstone.backends.cuda.jcuda;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.touchstone.api.HalException;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;
import org.touchstone.backends.cuda.driver.CudaDriver;
import org.touchstone.backends.spi.NativeLibraries;
import org.touchstone.backends.spi.TemporaryFolder;

/**
 * Loads JCuda, or says why it cannot be loaded. The only class that is safe to touch on a machine
 * without a driver.
 *
 * <p>JCuda unpacks its native library into the shared temporary folder under a fixed name, and
 * takes a file of that name that is there already, whoever put it there. It is given a private
 * folder instead, in which the library already lies.
 */
public final class JcudaLoader {
  /** What the driver is called on Linux. */
  public static final String LIBRARY = "libcuda.so.1";

  private static final String NATIVES = "/lib/libJCudaDriver-12.6.0-linux-x86_64.so";
  private static final ReentrantLock LOCK = new ReentrantLock();

  private JcudaLoader() {}

  /** What came of loading. */
  public sealed interface Outcome {
    /**
     * JCuda is loaded.
     *
     * @param driver calls it; not initialised yet
     * @param library where the driver was found
     */
    record Loaded(CudaDriver driver, Path library) implements Outcome {}

    /**
     * The machine has no driver.
     *
     * @param reason which file is missing
     */
    record Missing(Reason reason) implements Outcome {}

    /**
     * The driver or JCuda is there and does not load.
     *
     * @param reason what the loader said
     */
    record Failed(Reason reason) implements Outcome {}
  }

  /** Loads JCuda. May be called again; the JVM loads a native library once. */
  public static Outcome load(NativeLibraries libraries) {
    Path library = libraries.findSystemLibrary(LIBRARY).orElse(null);
    if (library == null) {
      return new Outcome.Missing(
          Reason.of(
              ReasonCode.DRIVER_MISSING,
              LIBRARY + " is in none of the system's library folders",
              "install the NVIDIA driver, version 450 or newer"));
    }
    LOCK.lock();
    try {
      Path natives = libraries.unpack(jcuda.NativePointerObject.class, NATIVES);
      CudaDriver driver =
          TemporaryFolder.during(requireNonNull(natives.getParent()), JcudaDriver::new);
      return new Outcome.Loaded(driver, library);
    } catch (LinkageError e) {
      return new Outcome.Failed(
          Reason.of(
              ReasonCode.NATIVE_LIBRARY_FAILED,
              "JCuda does not load although " + library + " is there: " + reasonOf(e),
              "check that the driver's libraries are complete and of this machine's architecture"));
    } catch (HalException e) {
      return new Outcome.Failed(
          Reason.of(ReasonCode.NATIVE_LIBRARY_FAILED, String.valueOf(e.getMessage()), remedyOf(e)));
    } finally {
      LOCK.unlock();
    }
  }

  private static String remedyOf(HalException failure) {
    return failure.remedy().orElseGet(ReasonCode.NATIVE_LIBRARY_FAILED::remedy);
  }

  /** JCuda's message holds two stack traces, of which the last one's own message is the reason. */
  static String reasonOf(LinkageError failure) {
    String message = failure.getMessage();
    List<String> lines =
        (message == null ? "" : message)
            .lines()
            .map(String::strip)
            .filter(l -> !l.isEmpty())
            .toList();
    return lines.stream()
        .filter(line -> line.contains(LIBRARY) || line.contains("UnsatisfiedLinkError: /"))
        .findFirst()
        .or(() -> lines.stream().filter(line -> line.contains("Exception: ")).findFirst())
        .or(() -> lines.stream().findFirst())
        .orElse(failure.getClass().getSimpleName());
  }
}
