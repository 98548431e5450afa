package org.touchstone.backends.cuda.jcuda;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUresult;
import jcuda.driver.CUuuid;
import jcuda.driver.JCudaDriver;
import org.touchstone.backends.cuda.driver.CudaDriver;
import org.touchstone.backends.cuda.driver.CudaException;
import org.touchstone.backends.cuda.driver.DeviceAttribute;

/** Calls about devices, contexts and errors, and what all calls need. */
abstract class JcudaDeviceCalls implements CudaDriver {
  private static final int NAME_BYTES = 256;

  final ForeignCalls foreign;

  JcudaDeviceCalls() {
    // Runs the static initialiser of JCuda, which loads its native library.
    JCudaDriver.setExceptionsEnabled(false);
    foreign = new ForeignCalls();
  }

  @Override
  public String name() {
    return "jcuda";
  }

  final void check(String call, int code) {
    if (code != CUresult.CUDA_SUCCESS) {
      throw new CudaException(call, code, getErrorName(code) + ": " + getErrorString(code));
    }
  }

  @Override
  public void init() {
    check("cuInit", JCudaDriver.cuInit(0));
  }

  @Override
  public int driverGetVersion() {
    int[] version = new int[1];
    check("cuDriverGetVersion", JCudaDriver.cuDriverGetVersion(version));
    return version[0];
  }

  @Override
  public int deviceGetCount() {
    int[] count = new int[1];
    check("cuDeviceGetCount", JCudaDriver.cuDeviceGetCount(count));
    return count[0];
  }

  @Override
  public Device deviceGet(int ordinal) {
    Handles.OfDevice device = new Handles.OfDevice();
    check("cuDeviceGet", JCudaDriver.cuDeviceGet(device, ordinal));
    return device;
  }

  @Override
  public String deviceGetName(Device device) {
    byte[] name = new byte[NAME_BYTES];
    check("cuDeviceGetName", JCudaDriver.cuDeviceGetName(name, name.length, (CUdevice) device));
    return text(name);
  }

  static String text(byte[] bytes) {
    int end = 0;
    while (end < bytes.length && bytes[end] != 0) {
      end++;
    }
    return new String(bytes, 0, end, StandardCharsets.UTF_8).strip();
  }

  @Override
  public UUID deviceGetUuid(Device device) {
    CUuuid uuid = new CUuuid();
    check("cuDeviceGetUuid", JCudaDriver.cuDeviceGetUuid(uuid, (CUdevice) device));
    ByteBuffer bytes = ByteBuffer.wrap(uuid.bytes);
    return new UUID(bytes.getLong(), bytes.getLong());
  }

  @Override
  public long deviceTotalMem(Device device) {
    long[] bytes = new long[1];
    check("cuDeviceTotalMem", JCudaDriver.cuDeviceTotalMem(bytes, (CUdevice) device));
    return bytes[0];
  }

  @Override
  public int deviceGetAttribute(DeviceAttribute attribute, Device device) {
    int[] value = new int[1];
    int code = JCudaDriver.cuDeviceGetAttribute(value, attribute.code(), (CUdevice) device);
    if (code == CUresult.CUDA_ERROR_INVALID_VALUE) {
      // A driver that is older than the attribute.
      return 0;
    }
    check("cuDeviceGetAttribute", code);
    return value[0];
  }

  @Override
  public Context devicePrimaryCtxRetain(Device device) {
    Handles.OfContext context = new Handles.OfContext();
    check(
        "cuDevicePrimaryCtxRetain",
        JCudaDriver.cuDevicePrimaryCtxRetain(context, (CUdevice) device));
    return context;
  }

  @Override
  public void devicePrimaryCtxRelease(Device device) {
    check("cuDevicePrimaryCtxRelease", JCudaDriver.cuDevicePrimaryCtxRelease((CUdevice) device));
  }

  @Override
  public void ctxSetCurrent(Context context) {
    check("cuCtxSetCurrent", JCudaDriver.cuCtxSetCurrent((CUcontext) context));
  }

  @Override
  public void ctxSynchronize() {
    check("cuCtxSynchronize", JCudaDriver.cuCtxSynchronize());
  }

  @Override
  public String getErrorName(int code) {
    String[] name = new String[1];
    JCudaDriver.cuGetErrorName(code, name);
    return name[0] == null ? "CUDA_ERROR_" + code : name[0];
  }

  @Override
  public String getErrorString(int code) {
    String[] text = new String[1];
    JCudaDriver.cuGetErrorString(code, text);
    return text[0] == null ? "no description" : text[0];
  }
}
