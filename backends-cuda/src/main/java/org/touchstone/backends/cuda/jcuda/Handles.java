package org.touchstone.backends.cuda.jcuda;

import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.CUstream;
import org.touchstone.backends.cuda.driver.CudaDriver;

/** JCuda's handles as the handles of {@link CudaDriver}. */
final class Handles {
  private Handles() {}

  /** A device. */
  static final class OfDevice extends CUdevice implements CudaDriver.Device {
    int ordinal() {
      return (int) getNativePointer();
    }
  }

  /** A context. */
  static final class OfContext extends CUcontext implements CudaDriver.Context {}

  /** A stream. */
  static final class OfStream extends CUstream implements CudaDriver.Stream {
    long address() {
      return getNativePointer();
    }
  }

  /** An event. */
  static final class OfEvent extends CUevent implements CudaDriver.Event {}

  /** A module. */
  static final class OfModule extends CUmodule implements CudaDriver.Module {}

  /** A kernel. */
  static final class OfFunction extends CUfunction implements CudaDriver.Function {
    long address() {
      return getNativePointer();
    }
  }

  /** Device memory that the driver allocates. */
  static final class NewDevicePointer extends CUdeviceptr {
    long address() {
      return getNativePointer() + getByteOffset();
    }
  }

  /** Host memory that the driver allocates. */
  static final class NewHostPointer extends Pointer {
    long address() {
      return getNativePointer() + getByteOffset();
    }
  }
}
