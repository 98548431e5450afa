package org.touchstone.backends.cuda.jcuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.touchstone.backends.cuda.driver.CudaDriver;
import org.touchstone.backends.cuda.driver.CudaException;
import org.touchstone.backends.cuda.driver.CudaResult;
import org.touchstone.backends.cuda.driver.LaunchConfig;
import org.touchstone.backends.cuda.driver.TensorMap;

/**
 * Driver calls that JCuda lacks, each there or not. Layouts are those of {@code cuda.h} on 64-bit
 * platforms.
 */
@SuppressWarnings("restricted") // binds symbols of the driver
final class ForeignCalls {
  private static final int CONFIG_BYTES = 56;
  private static final int ATTRIBUTE_BYTES = 72;
  private static final int CLUSTER_DIMENSION = 4;
  private static final int RELEASE_THRESHOLD = 4;
  private static final int PROGRAMMATIC_STREAM_SERIALIZATION = 6;

  private final Optional<MethodHandle> launchKernelEx;
  private final Optional<MethodHandle> tensorMapEncodeTiled;
  private final Optional<MethodHandle> deviceGetDefaultMemPool;
  private final Optional<MethodHandle> memPoolSetAttribute;

  ForeignCalls() {
    launchKernelEx =
        find(
            "cuLaunchKernelEx",
            FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS));
    tensorMapEncodeTiled =
        find(
            "cuTensorMapEncodeTiled",
            FunctionDescriptor.of(
                JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS,
                JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT));
    deviceGetDefaultMemPool =
        find("cuDeviceGetDefaultMemPool", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
    memPoolSetAttribute =
        find("cuMemPoolSetAttribute", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, ADDRESS));
  }

  /** Looks a call of the driver up. */
  static Optional<MethodHandle> find(String symbol, FunctionDescriptor descriptor) {
    return SymbolLookup.libraryLookup(JcudaLoader.LIBRARY, Arena.global())
        .find(symbol)
        .map(address -> Linker.nativeLinker().downcallHandle(address, descriptor));
  }

  /** Returns these calls and others that the driver has. */
  Set<CudaDriver.Optional> available(Set<CudaDriver.Optional> others) {
    Set<CudaDriver.Optional> calls = EnumSet.noneOf(CudaDriver.Optional.class);
    calls.addAll(others);
    launchKernelEx.ifPresent(handle -> calls.add(CudaDriver.Optional.LAUNCH_KERNEL_EX));
    tensorMapEncodeTiled.ifPresent(handle -> calls.add(CudaDriver.Optional.TENSOR_MAP));
    return calls;
  }

  int launchKernelEx(LaunchConfig config, long function, long stream, MemorySegment extra) {
    MethodHandle call = require(launchKernelEx, "cuLaunchKernelEx");
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attributes = arena.allocate(2 * ATTRIBUTE_BYTES, 8);
      int count = 0;
      if (config.cluster().isPresent()) {
        long at = (long) count++ * ATTRIBUTE_BYTES;
        attributes.set(JAVA_INT, at, CLUSTER_DIMENSION);
        attributes.set(JAVA_INT, at + 8, config.cluster().get().x());
        attributes.set(JAVA_INT, at + 12, config.cluster().get().y());
        attributes.set(JAVA_INT, at + 16, config.cluster().get().z());
      }
      if (config.start() == LaunchConfig.Start.PROGRAMMATIC) {
        long at = (long) count++ * ATTRIBUTE_BYTES;
        attributes.set(JAVA_INT, at, PROGRAMMATIC_STREAM_SERIALIZATION);
        attributes.set(JAVA_INT, at + 8, 1);
      }
      MemorySegment struct = arena.allocate(CONFIG_BYTES, 8);
      struct.set(JAVA_INT, 0, config.grid().x());
      struct.set(JAVA_INT, 4, config.grid().y());
      struct.set(JAVA_INT, 8, config.grid().z());
      struct.set(JAVA_INT, 12, config.block().x());
      struct.set(JAVA_INT, 16, config.block().y());
      struct.set(JAVA_INT, 20, config.block().z());
      struct.set(JAVA_INT, 24, config.dynamicSharedBytes());
      struct.set(JAVA_LONG, 32, stream);
      struct.set(ADDRESS, 40, attributes);
      struct.set(JAVA_INT, 48, count);
      return (int)
          call.invokeExact(struct, MemorySegment.ofAddress(function), MemorySegment.NULL, extra);
    } catch (Throwable e) {
      throw rethrown("cuLaunchKernelEx", e);
    }
  }

  int tensorMapEncodeTiled(TensorMap map, byte[] encoded) {
    MethodHandle call = require(tensorMapEncodeTiled, "cuTensorMapEncodeTiled");
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(TensorMap.BYTES, 64);
      int code =
          (int)
              call.invokeExact(
                  out,
                  map.element().code(),
                  map.globalDim().size(),
                  MemorySegment.ofAddress(map.base().address()),
                  longs(arena, map.globalDim()),
                  longs(arena, map.globalStrides()),
                  ints(arena, map.boxDim()),
                  ints(arena, map.elementStrides()),
                  0,
                  map.swizzle().code(),
                  0,
                  0);
      MemorySegment.copy(out, 0, MemorySegment.ofArray(encoded), 0, encoded.length);
      return code;
    } catch (Throwable e) {
      throw rethrown("cuTensorMapEncodeTiled", e);
    }
  }

  /** Sets how much free memory the default pool keeps; drivers without pools keep nothing. */
  int memPoolKeep(int device, long bytes) {
    if (deviceGetDefaultMemPool.isEmpty() || memPoolSetAttribute.isEmpty()) {
      return 0;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pool = arena.allocate(ADDRESS);
      int code = (int) deviceGetDefaultMemPool.get().invokeExact(pool, device);
      return code != 0
          ? code
          : (int)
              memPoolSetAttribute
                  .get()
                  .invokeExact(
                      pool.get(ADDRESS, 0),
                      RELEASE_THRESHOLD,
                      arena.allocateFrom(JAVA_LONG, bytes));
    } catch (Throwable e) {
      throw rethrown("cuMemPoolSetAttribute", e);
    }
  }

  private static MemorySegment longs(Arena arena, List<Long> values) {
    return arena.allocateFrom(JAVA_LONG, values.stream().mapToLong(Long::longValue).toArray());
  }

  private static MemorySegment ints(Arena arena, List<Integer> values) {
    return arena.allocateFrom(JAVA_INT, values.stream().mapToInt(Integer::intValue).toArray());
  }

  private static MethodHandle require(Optional<MethodHandle> handle, String call) {
    return handle.orElseThrow(
        () -> new CudaException(call, CudaResult.NOT_SUPPORTED, "the driver lacks this call"));
  }

  /** Turns what a method handle throws into what the caller may throw. */
  static RuntimeException rethrown(String call, Throwable failure) {
    if (failure instanceof RuntimeException known) {
      return known;
    }
    if (failure instanceof Error error) {
      throw error;
    }
    return new IllegalStateException(call + " could not be called", failure);
  }
}
