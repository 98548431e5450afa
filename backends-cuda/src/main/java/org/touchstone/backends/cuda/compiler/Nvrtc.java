package org.touchstone.backends.cuda.compiler;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * NVRTC, of any version that returns cubins (11.1 and newer), through its C interface. Thread-safe.
 */
@SuppressWarnings("restricted") // binds symbols of a library that NvrtcLoader found
public final class Nvrtc {
  /** What nvcc is called with for the snapshot, so that both give the same arithmetic. */
  private static final List<String> OPTIONS =
      List.of("--std=c++17", "--fmad=false", "--generate-line-info");

  private final SymbolLookup library;
  private final Path path;
  private final int version;
  private final Set<Integer> capabilities;

  /**
   * Binds a library.
   *
   * @throws NvrtcException when it lacks a call or refuses to tell its version
   */
  Nvrtc(Path path) {
    this.path = path;
    library = SymbolLookup.libraryLookup(path, Arena.global());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment numbers = arena.allocate(JAVA_INT, 2);
      check(
          "nvrtcVersion",
          call("nvrtcVersion", ADDRESS, ADDRESS).invoke(numbers, numbers.asSlice(4)));
      version = 1000 * numbers.get(JAVA_INT, 0) + 10 * numbers.get(JAVA_INT, 4);
      check(
          "nvrtcGetNumSupportedArchs", call("nvrtcGetNumSupportedArchs", ADDRESS).invoke(numbers));
      MemorySegment found = arena.allocate(JAVA_INT, Math.max(1, numbers.get(JAVA_INT, 0)));
      check("nvrtcGetSupportedArchs", call("nvrtcGetSupportedArchs", ADDRESS).invoke(found));
      capabilities =
          Arrays.stream(found.toArray(JAVA_INT)).boxed().collect(Collectors.toUnmodifiableSet());
    } catch (Throwable e) {
      throw rethrown(e);
    }
  }

  /** Returns the version, 1000 · major + 10 · minor. */
  public int version() {
    return version;
  }

  /** Returns where the library lies. */
  public Path path() {
    return path;
  }

  /** Says whether it compiles for a compute capability, 10 · major + minor. */
  public boolean compilesFor(int capability) {
    return capabilities.contains(capability);
  }

  /**
   * Compiles a source for exactly one compute capability and returns the cubin.
   *
   * @throws NvrtcException with the compiler's words when it does not compile
   */
  public byte[] compile(String source, String name, int capability) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment program = arena.allocate(ADDRESS);
      check(
          "nvrtcCreateProgram",
          call("nvrtcCreateProgram", ADDRESS, ADDRESS, ADDRESS, JAVA_INT, ADDRESS, ADDRESS)
              .invoke(
                  program,
                  arena.allocateFrom(source),
                  arena.allocateFrom(name),
                  0,
                  MemorySegment.NULL,
                  MemorySegment.NULL));
      try {
        return compile(arena, program.get(ADDRESS, 0), capability);
      } finally {
        call("nvrtcDestroyProgram", ADDRESS).invoke(program);
      }
    } catch (Throwable e) {
      throw rethrown(e);
    }
  }

  private byte[] compile(Arena arena, MemorySegment program, int capability) throws Throwable {
    MemorySegment options = arena.allocate(ADDRESS, OPTIONS.size() + 1L);
    options.setAtIndex(ADDRESS, 0, arena.allocateFrom("--gpu-architecture=sm_" + capability));
    for (int i = 0; i < OPTIONS.size(); i++) {
      options.setAtIndex(ADDRESS, i + 1L, arena.allocateFrom(OPTIONS.get(i)));
    }
    int code =
        (int)
            call("nvrtcCompileProgram", ADDRESS, JAVA_INT, ADDRESS)
                .invoke(program, OPTIONS.size() + 1, options);
    if (code != 0) {
      byte[] log = result(arena, "nvrtcGetProgramLog", program);
      String words = new String(log, java.nio.charset.StandardCharsets.UTF_8).replace("\0", "");
      throw new NvrtcException("nvrtcCompileProgram: " + error(code) + "; " + words.strip());
    }
    return result(arena, "nvrtcGetCUBIN", program);
  }

  /** Reads what a pair of calls returns, one its size and the other its bytes. */
  private byte[] result(Arena arena, String name, MemorySegment program) throws Throwable {
    MemorySegment size = arena.allocate(JAVA_LONG);
    check(name + "Size", call(name + "Size", ADDRESS, ADDRESS).invoke(program, size));
    MemorySegment bytes = arena.allocate(Math.max(1, size.get(JAVA_LONG, 0)));
    check(name, call(name, ADDRESS, ADDRESS).invoke(program, bytes));
    return bytes.asSlice(0, size.get(JAVA_LONG, 0)).toArray(JAVA_BYTE);
  }

  private MethodHandle call(String name, MemoryLayout... arguments) {
    MemorySegment address =
        library
            .find(name)
            .orElseThrow(() -> new NvrtcException(path + " lacks " + name + ", it is too old"));
    return Linker.nativeLinker()
        .downcallHandle(address, FunctionDescriptor.of(JAVA_INT, arguments));
  }

  private void check(String name, Object code) throws Throwable {
    if (!code.equals(0)) {
      throw new NvrtcException(name + ": " + error((Integer) code));
    }
  }

  private String error(int code) throws Throwable {
    MemorySegment address = library.find("nvrtcGetErrorString").orElse(MemorySegment.NULL);
    if (address.equals(MemorySegment.NULL)) {
      return "error " + code;
    }
    MethodHandle describe =
        Linker.nativeLinker().downcallHandle(address, FunctionDescriptor.of(ADDRESS, JAVA_INT));
    MemorySegment text = (MemorySegment) describe.invoke(code);
    return text.reinterpret(Long.MAX_VALUE).getString(0);
  }

  private static RuntimeException rethrown(Throwable failure) {
    if (failure instanceof RuntimeException known) {
      return known;
    }
    if (failure instanceof Error error) {
      throw error;
    }
    return new IllegalStateException("NVRTC could not be called", failure);
  }
}
