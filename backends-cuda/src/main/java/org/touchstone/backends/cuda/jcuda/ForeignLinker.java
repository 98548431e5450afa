package org.touchstone.backends.cuda.jcuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import java.util.Set;
import org.touchstone.backends.cuda.driver.CudaDriver;
import org.touchstone.backends.cuda.driver.CudaException;
import org.touchstone.backends.cuda.driver.CudaResult;
import org.touchstone.backends.cuda.driver.JitOptions;

/** The driver's linker, which compiles PTX without loading it; there or not. */
@SuppressWarnings("restricted") // reads the cubin that the driver returns an address and a size of
final class ForeignLinker {
  private static final int INPUT_PTX = 1;
  private static final int MAX_REGISTERS = 0;
  private static final int ERROR_LOG = 5;
  private static final int ERROR_LOG_BYTES = 6;

  private final Optional<Calls> calls;

  private record Calls(
      MethodHandle create, MethodHandle addData, MethodHandle complete, MethodHandle destroy) {}

  /**
   * What came of linking.
   *
   * @param call the last call that was made
   * @param code its status
   * @param cubin what the compiler made; nothing unless the status is success
   * @param log what the compiler said
   */
  @SuppressWarnings("ArrayRecordComponent") // handed on, never compared
  record Linked(String call, int code, byte[] cubin, String log) {}

  ForeignLinker() {
    Optional<MethodHandle> create =
        ForeignCalls.find(
            "cuLinkCreate_v2",
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, ADDRESS));
    Optional<MethodHandle> addData =
        ForeignCalls.find(
            "cuLinkAddData_v2",
            FunctionDescriptor.of(
                JAVA_INT, ADDRESS, JAVA_INT, ADDRESS, JAVA_LONG, ADDRESS, JAVA_INT, ADDRESS,
                ADDRESS));
    Optional<MethodHandle> complete =
        ForeignCalls.find(
            "cuLinkComplete", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS));
    Optional<MethodHandle> destroy =
        ForeignCalls.find("cuLinkDestroy", FunctionDescriptor.of(JAVA_INT, ADDRESS));
    calls =
        create.isPresent() && addData.isPresent() && complete.isPresent() && destroy.isPresent()
            ? Optional.of(new Calls(create.get(), addData.get(), complete.get(), destroy.get()))
            : Optional.empty();
  }

  Set<CudaDriver.Optional> available() {
    return calls.isPresent() ? Set.of(CudaDriver.Optional.LINK) : Set.of();
  }

  Linked link(byte[] ptx, JitOptions options) {
    Calls some =
        calls.orElseThrow(
            () ->
                new CudaException(
                    "cuLinkCreate", CudaResult.NOT_SUPPORTED, "the driver lacks this call"));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment log = arena.allocate(Math.max(1, options.logBytes()));
      boolean limited = options.maxRegisters() > 0;
      MemorySegment names = arena.allocateFrom(JAVA_INT, ERROR_LOG, ERROR_LOG_BYTES, MAX_REGISTERS);
      MemorySegment values =
          arena.allocateFrom(JAVA_LONG, log.address(), options.logBytes(), options.maxRegisters());
      MemorySegment state = arena.allocate(ADDRESS);
      int code = (int) some.create.invokeExact(limited ? 3 : 2, names, values, state);
      if (code != 0) {
        return new Linked("cuLinkCreate", code, new byte[0], "");
      }
      try {
        return compiled(some, arena, state.get(ADDRESS, 0), ptx, log);
      } finally {
        int ignored = (int) some.destroy.invokeExact(state.get(ADDRESS, 0));
      }
    } catch (Throwable e) {
      throw ForeignCalls.rethrown("cuLinkCreate", e);
    }
  }

  private static Linked compiled(
      Calls some, Arena arena, MemorySegment state, byte[] ptx, MemorySegment log)
      throws Throwable {
    // PTX is text that ends with NUL, and its size counts it.
    MemorySegment text = arena.allocate(ptx.length + 1L);
    MemorySegment.copy(ptx, 0, text, JAVA_BYTE, 0, ptx.length);
    int code =
        (int)
            some.addData.invokeExact(
                state,
                INPUT_PTX,
                text,
                text.byteSize(),
                MemorySegment.NULL,
                0,
                MemorySegment.NULL,
                MemorySegment.NULL);
    if (code != 0) {
      return new Linked("cuLinkAddData", code, new byte[0], log.getString(0));
    }
    MemorySegment cubin = arena.allocate(ADDRESS);
    MemorySegment size = arena.allocate(JAVA_LONG);
    code = (int) some.complete.invokeExact(state, cubin, size);
    byte[] bytes =
        code == 0
            ? cubin.get(ADDRESS, 0).reinterpret(size.get(JAVA_LONG, 0)).toArray(JAVA_BYTE)
            : new byte[0];
    return new Linked("cuLinkComplete", code, bytes, log.getString(0));
  }
}
