package org.touchstone.benchmarks;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Saturation;
import org.touchstone.backends.config.Configuration;
import org.touchstone.backends.cpu.micro.ActivationRows;
import org.touchstone.backends.cpu.micro.MicroKernels;
import org.touchstone.backends.cpu.micro.NativeKernels;
import org.touchstone.backends.cpu.micro.NativeLibrary;
import org.touchstone.backends.cpu.simd.VectorKernels;
import org.touchstone.backends.files.PrivateNativeLibraries;
import org.touchstone.backends.host.HostTensors;

/** The providers that benchmarks compare, and data for them. */
public final class Kernels {
  private Kernels() {}

  /** Which micro-kernels run. */
  public enum Provider {
    /** The Vector API. */
    VECTOR,
    /** The best native set of this processor. */
    NATIVE;

    MicroKernels kernels() {
      if (this == VECTOR) {
        return VectorKernels.INSTANCE;
      }
      NativeLibrary library =
          NativeLibrary.load(new PrivateNativeLibraries(Configuration.of(Map.of()), notice -> {}));
      if (library.sets().isEmpty()) {
        throw new IllegalStateException(
            "there are no native micro-kernels: "
                + library.reason()
                + "; benchmark -p provider=VECTOR");
      }
      return NativeKernels.of(library.sets().getLast(), library);
    }
  }

  /** Returns a dense tensor of small numbers, none of them zero. */
  static Tensor numbers(Arena arena, DType dtype, long... dims) {
    Tensor tensor = HostTensors.allocate(arena, dtype, dims);
    double[] values = new double[Math.toIntExact(tensor.shape().elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i * 37 % 64 - 31.5) / 32;
    }
    HostTensors.write(tensor, values, Saturation.SAT);
    return tensor;
  }

  /** Rows of a dense tensor [M, K]. */
  record Rows(Tensor tensor, @Nullable Tensor scaleTensor) implements ActivationRows {
    @Override
    public MemorySegment memory() {
      return tensor.buffer().host();
    }

    @Override
    public DType dtype() {
      return tensor.dtype();
    }

    @Override
    public long offset(int row) {
      return tensor.byteOffset() + row * tensor.dim(1) * tensor.dtype().bits() / Byte.SIZE;
    }

    @Override
    public @Nullable MemorySegment scales() {
      return scaleTensor == null ? null : scaleTensor.buffer().host();
    }

    @Override
    public long scaleOffset(int row) {
      return scaleTensor == null
          ? 0
          : scaleTensor.byteOffset() + row * scaleTensor.dim(1) * Float.BYTES;
    }
  }
}
