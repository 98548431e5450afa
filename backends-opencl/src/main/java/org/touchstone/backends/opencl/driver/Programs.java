package org.touchstone.backends.opencl.driver;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.cl_device_id;
import org.jocl.cl_program;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.HalException;
import org.touchstone.backends.spi.BackendContext;

/**
 * Builds programs of a device, once per source and options, through the kernel cache: on disk lies
 * what the driver's compiler made. Thread-safe.
 */
public final class Programs implements AutoCloseable {
  /**
   * What a compiler inside the process logs when its unfinished output is gone. LLVM's handler of
   * SIGSEGV deletes the files that the compiler is writing, before it hands the signal on; and the
   * JVM, whose null checks and safepoints are such signals, goes on. The busier the other threads,
   * the more often; another build succeeds.
   */
  private static final String LOST_FILE = "unable to rename temporary";

  private static final int ATTEMPTS = 30;

  private static final int LONGEST_LOG = 8000;

  /** The option of programs whose groups reduce by sub-groups. */
  public static final String SUB_GROUPS = "-DSUB_GROUPS=1";

  /** Held while a compiler runs: two that run at once in a process mix up files in PoCL 3.1. */
  private static final Object COMPILER = new Object();

  /** Whether a program's binary goes into the kernel cache. */
  private enum Keeping {
    KEPT,
    FORGOTTEN
  }

  private final OpenClContext context;
  private final BackendContext services;
  private final Map<String, cl_program> built = new HashMap<>();
  private volatile KernelEdit edit = KernelEdit.NONE;

  Programs(OpenClContext context, BackendContext services) {
    this.context = context;
    this.services = services;
  }

  /**
   * Builds a kernel.
   *
   * @param resource file of the kernel, for example {@code add.cl}
   * @param function name of the kernel function in it
   * @param options options beside those that every program gets, for example {@code -DTILE=8}
   * @throws HalException with the build log when the driver's compiler refuses it
   */
  public OpenClKernel kernel(String resource, String function, List<String> options) {
    String source = KernelSources.program(resource, edit);
    // No later process asks for a seeded defect, and PoCL compiles a binary's functions all at
    // once.
    Keeping keeping =
        source.equals(KernelSources.program(resource)) ? Keeping.KEPT : Keeping.FORGOTTEN;
    return kernelOf(source, resource, function, options, keeping);
  }

  /** Changes a source of every program that is built from now on. */
  public void edit(KernelEdit change) {
    edit = change;
  }

  /** Builds a kernel from a text that uses the prelude; for tests of the prelude. */
  OpenClKernel kernelAfterPrelude(String source, String what, String function, String... options) {
    List<String> all = new ArrayList<>(List.of("-DVARIANT_CPU=1", "-DGROUP=1"));
    all.addAll(List.of(options));
    return kernelOf(KernelSources.afterPrelude(source), what, function, all);
  }

  /**
   * Builds a kernel from a text instead of a resource; for tests of the prelude and of failures.
   */
  OpenClKernel kernelOf(String source, String what, String function, List<String> options) {
    return kernelOf(source, what, function, options, Keeping.KEPT);
  }

  private OpenClKernel kernelOf(
      String source, String what, String function, List<String> options, Keeping keeping) {
    cl_program program = program(source, what, allOptions(options), keeping);
    return OpenClKernel.create(context, program, what, function);
  }

  private String allOptions(List<String> options) {
    List<String> all = new ArrayList<>();
    all.add("-cl-std=CL" + language(options));
    // Some drivers print how many warnings there were.
    all.add("-w");
    if (context.facts().has(Capability.CORRECT_DIVISION)) {
      all.add("-cl-fp32-correctly-rounded-divide-sqrt");
      all.add("-DCORRECT_DIVISION=1");
    }
    if (Oclgrind.runs(context.facts())) {
      all.addAll(Oclgrind.BUILD_OPTIONS);
    }
    all.addAll(options);
    return String.join(" ", all);
  }

  /** Sub-groups of the Khronos came with version 2.0, the kernels otherwise ask for 1.2. */
  private String language(List<String> options) {
    int newest = options.contains(SUB_GROUPS) ? context.facts().languageVersion() : 0;
    return newest >= 300 ? "3.0" : newest >= 200 ? "2.0" : "1.2";
  }

  private synchronized cl_program program(
      String source, String what, String options, Keeping keeping) {
    String key = options + "\n" + source;
    cl_program known = built.get(key);
    if (known != null) {
      return known;
    }
    cl_program program =
        keeping == Keeping.KEPT
            ? throughCache(source, what, options)
            : compile(source, what, options);
    built.put(key, program);
    return program;
  }

  private cl_program throughCache(String source, String what, String options) {
    DeviceFacts facts = context.facts();
    List<String> key =
        List.of(
            "opencl",
            source,
            options,
            facts.platform(),
            facts.name(),
            facts.driver(),
            facts.version());
    cl_program[] compiled = new cl_program[1];
    byte[] binary =
        services
            .kernelCache()
            .get(
                key,
                what + " for " + context.uri(),
                () -> {
                  synchronized (COMPILER) {
                    cl_program fresh = compile(source, what, options);
                    compiled[0] = fresh;
                    return binary(fresh);
                  }
                });
    if (compiled[0] != null) {
      return compiled[0];
    }
    if (binary.length > 0) {
      try {
        return load(binary, what, options);
      } catch (HalException e) {
        services.kernelCache().invalidate(key, String.valueOf(e.getMessage()));
      }
    }
    return compile(source, what, options);
  }

  private cl_program compile(String source, String what, String options) {
    for (int attempt = 1; ; attempt++) {
      try {
        return compileOnce(source, what, options);
      } catch (HalException e) {
        if (attempt == ATTEMPTS || !String.valueOf(e.getMessage()).contains(LOST_FILE)) {
          throw e;
        }
        services.notice(
            "the driver of "
                + context.uri()
                + " lost a temporary file of its own while it built "
                + what
                + "; building again");
      }
    }
  }

  private cl_program compileOnce(String source, String what, String options) {
    int[] status = new int[1];
    cl_program program =
        CL.clCreateProgramWithSource(context.handle(), 1, new String[] {source}, null, status);
    ClStatus.check(status[0], "clCreateProgramWithSource", what);
    return build(program, what, options);
  }

  private cl_program load(byte[] binary, String what, String options) {
    int[] status = new int[1];
    int[] accepted = new int[1];
    cl_program program =
        CL.clCreateProgramWithBinary(
            context.handle(),
            1,
            new cl_device_id[] {context.device()},
            new long[] {binary.length},
            new byte[][] {binary},
            accepted,
            status);
    ClStatus.check(status[0], "clCreateProgramWithBinary", what);
    return build(program, what, options);
  }

  private cl_program build(cl_program program, String what, String options) {
    LiveObjects.created(LiveObjects.Kind.PROGRAM);
    int status;
    synchronized (COMPILER) {
      status =
          CL.clBuildProgram(program, 1, new cl_device_id[] {context.device()}, options, null, null);
    }
    if (status == CL.CL_SUCCESS) {
      return program;
    }
    String log = buildLog(program);
    release(program);
    throw new HalException(
        ClStatus.code(status),
        "building "
            + what
            + " with options '"
            + options
            + "' answered "
            + ClStatus.name(status)
            + ":\n"
            + log,
        null,
        context.uri(),
        "report the build log to the backend's authors",
        null);
  }

  private String buildLog(cl_program program) {
    String log =
        ClQuery.answer(
                (size, to, needed) ->
                    CL.clGetProgramBuildInfo(
                        program, context.device(), CL.CL_PROGRAM_BUILD_LOG, size, to, needed))
            .map(ClQuery::text)
            .orElse("");
    if (log.isBlank()) {
      return "(the driver wrote no build log)";
    }
    return log.length() <= LONGEST_LOG ? log : log.substring(0, LONGEST_LOG) + " ...";
  }

  /** Returns what the driver's compiler made, nothing when the driver keeps it to itself. */
  private static byte[] binary(cl_program program) {
    long[] size = new long[1];
    int status =
        CL.clGetProgramInfo(
            program, CL.CL_PROGRAM_BINARY_SIZES, Long.BYTES, Pointer.to(size), null);
    if (status != CL.CL_SUCCESS || size[0] <= 0 || size[0] > Integer.MAX_VALUE) {
      return new byte[0];
    }
    byte[] bytes = new byte[(int) size[0]];
    status =
        CL.clGetProgramInfo(
            program, CL.CL_PROGRAM_BINARIES, Long.BYTES, Pointer.to(Pointer.to(bytes)), null);
    return status == CL.CL_SUCCESS ? bytes : new byte[0];
  }

  private static void release(@Nullable cl_program program) {
    if (program != null) {
      CL.clReleaseProgram(program);
      LiveObjects.released(LiveObjects.Kind.PROGRAM);
    }
  }

  /** Returns the number of distinct programs that were built or loaded. */
  public synchronized int count() {
    return built.size();
  }

  @Override
  public synchronized void close() {
    built.values().forEach(Programs::release);
    built.clear();
  }
}
