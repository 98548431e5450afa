package org.touchstone.backends.opencl.driver;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.cl_command_queue;
import org.jocl.cl_mem;
import org.touchstone.backends.spi.NativeLibraries;

/** The checker Oclgrind: a driver that interprets kernels and reports what they do wrong. */
public final class Oclgrind {
  /** Its device. */
  public static final String URI = "opencl://oclgrind/0";

  /** How much global memory it gives a device unless it is told otherwise. */
  public static final long MEMORY = 128L << 20;

  /**
   * Options of every build. Version 21.10 knows neither the instruction freeze nor shuffles with
   * undefined lanes, which LLVM's optimiser makes, and lines of optimised code are not those of the
   * source.
   */
  static final List<String> BUILD_OPTIONS = List.of("-cl-opt-disable");

  private static final String PLATFORM = "Oclgrind";
  private static final String LIBRARY = "liboclgrind-rt-icd.so";

  /** Where packages put the driver, which is not in the loader's folders. */
  private static final List<String> FOLDERS =
      List.of("/usr/lib/oclgrind", "/usr/local/lib/oclgrind", "/usr/lib/x86_64-linux-gnu/oclgrind");

  private Oclgrind() {}

  /** Returns whether it runs a device. */
  static boolean runs(DeviceFacts facts) {
    return facts.platform().equals(PLATFORM);
  }

  /**
   * Writes a whole buffer again after a part of it was written: version 21.10 takes what lies
   * outside of the host's last write for uninitialised, whatever was written before.
   */
  static void rewrite(cl_command_queue queue, cl_mem buffer) {
    long[] size = new long[1];
    ClStatus.check(
        CL.clGetMemObjectInfo(buffer, CL.CL_MEM_SIZE, Long.BYTES, Pointer.to(size), null),
        "clGetMemObjectInfo");
    Pointer content = Pointer.to(new byte[Math.toIntExact(size[0])]);
    ClStatus.check(
        CL.clEnqueueReadBuffer(queue, buffer, CL.CL_TRUE, 0, size[0], content, 0, null, null),
        "clEnqueueReadBuffer");
    ClStatus.check(
        CL.clEnqueueWriteBuffer(queue, buffer, CL.CL_TRUE, 0, size[0], content, 0, null, null),
        "clEnqueueWriteBuffer");
  }

  /**
   * Looks for its driver, which is never loaded beside others.
   *
   * @param setting a path, {@code auto}, or {@code off} for none
   */
  public static Optional<Path> find(String setting, NativeLibraries libraries) {
    return switch (setting) {
      case "off" -> Optional.empty();
      case "auto" ->
          libraries
              .findSystemLibrary(LIBRARY)
              .or(
                  () ->
                      FOLDERS.stream()
                          .map(folder -> Path.of(folder, LIBRARY))
                          .filter(Files::isRegularFile)
                          .findFirst());
      default -> Optional.of(Path.of(setting)).filter(Files::isRegularFile);
    };
  }
}
