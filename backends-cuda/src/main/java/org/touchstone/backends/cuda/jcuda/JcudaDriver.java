package org.touchstone.backends.cuda.jcuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Set;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.CUjit_option;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;
import jcuda.driver.JITOptions;
import org.touchstone.backends.cuda.driver.CudaException;
import org.touchstone.backends.cuda.driver.Dim3;
import org.touchstone.backends.cuda.driver.FunctionAttribute;
import org.touchstone.backends.cuda.driver.JitOptions;
import org.touchstone.backends.cuda.driver.LaunchConfig;
import org.touchstone.backends.cuda.driver.TensorMap;

/** Calls the driver through JCuda: modules and kernels. */
final class JcudaDriver extends JcudaStreamCalls {
  private static final long END_OF_EXTRA = 0;
  private static final long PARAMETER_BUFFER = 1;
  private static final long PARAMETER_BUFFER_SIZE = 2;

  private final ForeignLinker linker = new ForeignLinker();

  @Override
  public Module moduleLoadDataEx(byte[] image, JitOptions options) {
    Handles.OfModule module = new Handles.OfModule();
    JITOptions jit = new JITOptions();
    if (options.maxRegisters() > 0) {
      jit.putInt(CUjit_option.CU_JIT_MAX_REGISTERS, options.maxRegisters());
    }
    if (options.logBytes() > 0) {
      jit.putBytes(CUjit_option.CU_JIT_ERROR_LOG_BUFFER, new byte[options.logBytes()]);
      jit.putInt(CUjit_option.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, options.logBytes());
    }
    // PTX is text that ends with NUL; a cubin carries its own length.
    byte[] terminated = Arrays.copyOf(image, image.length + 1);
    int code = JCudaDriver.cuModuleLoadDataJIT(module, Pointer.to(terminated), jit);
    if (code != CUresult.CUDA_SUCCESS) {
      String log =
          options.logBytes() > 0 ? text(jit.getBytes(CUjit_option.CU_JIT_ERROR_LOG_BUFFER)) : "";
      throw new CudaException("cuModuleLoadDataEx", code, described(code, log));
    }
    return module;
  }

  @Override
  public byte[] linkPtx(byte[] ptx, JitOptions options) {
    ForeignLinker.Linked linked = linker.link(ptx, options);
    if (linked.code() != CUresult.CUDA_SUCCESS) {
      throw new CudaException(linked.call(), linked.code(), described(linked.code(), linked.log()));
    }
    return linked.cubin();
  }

  private String described(int code, String log) {
    return getErrorName(code)
        + ": "
        + getErrorString(code)
        + (log.isBlank() ? "" : "; the compiler says: " + log);
  }

  @Override
  public Set<Optional> optionalCalls() {
    return foreign.available(linker.available());
  }

  @Override
  public void moduleUnload(Module module) {
    check("cuModuleUnload", JCudaDriver.cuModuleUnload((CUmodule) module));
  }

  @Override
  public Function moduleGetFunction(Module module, String name) {
    Handles.OfFunction function = new Handles.OfFunction();
    check(
        "cuModuleGetFunction", JCudaDriver.cuModuleGetFunction(function, (CUmodule) module, name));
    return function;
  }

  @Override
  public int funcGetAttribute(FunctionAttribute attribute, Function function) {
    int[] value = new int[1];
    check(
        "cuFuncGetAttribute",
        JCudaDriver.cuFuncGetAttribute(value, attribute.code(), (CUfunction) function));
    return value[0];
  }

  @Override
  public void funcSetAttribute(Function function, FunctionAttribute attribute, int value) {
    check(
        "cuFuncSetAttribute",
        JCudaDriver.cuFuncSetAttribute((CUfunction) function, attribute.code(), value));
  }

  /** Writes the list that tells the driver where the packed parameters lie. */
  private static MemorySegment extra(Arena arena, byte[] params) {
    MemorySegment buffer = arena.allocate(Math.max(8, params.length), 64);
    MemorySegment.copy(MemorySegment.ofArray(params), 0, buffer, 0, params.length);
    MemorySegment size = arena.allocateFrom(ValueLayout.JAVA_LONG, params.length);
    return arena.allocateFrom(
        ValueLayout.JAVA_LONG,
        PARAMETER_BUFFER,
        buffer.address(),
        PARAMETER_BUFFER_SIZE,
        size.address(),
        END_OF_EXTRA);
  }

  @Override
  public void launchKernel(
      Function function,
      Dim3 grid,
      Dim3 block,
      int dynamicSharedBytes,
      Stream stream,
      byte[] params) {
    try (Arena arena = Arena.ofConfined()) {
      check(
          "cuLaunchKernel",
          JCudaDriver.cuLaunchKernel(
              (CUfunction) function,
              grid.x(),
              grid.y(),
              grid.z(),
              block.x(),
              block.y(),
              block.z(),
              dynamicSharedBytes,
              (CUstream) stream,
              null,
              on(extra(arena, params))));
    }
  }

  @Override
  public void launchKernelEx(LaunchConfig config, Function function, byte[] params) {
    try (Arena arena = Arena.ofConfined()) {
      check(
          "cuLaunchKernelEx",
          foreign.launchKernelEx(
              config,
              ((Handles.OfFunction) function).address(),
              ((Handles.OfStream) config.stream()).address(),
              extra(arena, params)));
    }
  }

  @Override
  public int occupancyMaxActiveBlocksPerMultiprocessor(
      Function function, int blockThreads, long dynamicSharedBytes) {
    int[] blocks = new int[1];
    check(
        "cuOccupancyMaxActiveBlocksPerMultiprocessor",
        JCudaDriver.cuOccupancyMaxActiveBlocksPerMultiprocessor(
            blocks, (CUfunction) function, blockThreads, dynamicSharedBytes));
    return blocks[0];
  }

  @Override
  public byte[] tensorMapEncodeTiled(TensorMap map) {
    byte[] encoded = new byte[TensorMap.BYTES];
    check("cuTensorMapEncodeTiled", foreign.tensorMapEncodeTiled(map, encoded));
    return encoded;
  }
}
