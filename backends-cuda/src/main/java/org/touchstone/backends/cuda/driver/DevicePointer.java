package org.touchstone.backends.cuda.driver;

/**
 * An address in a device's memory ({@code CUdeviceptr}).
 *
 * @param address the address, 0 for none
 */
public record DevicePointer(long address) {
  /** No address. */
  public static final DevicePointer NULL = new DevicePointer(0);

  /** Returns the address some bytes further on. */
  public DevicePointer plus(long bytes) {
    return new DevicePointer(Math.addExact(address, bytes));
  }

  @Override
  public String toString() {
    return "0x" + Long.toHexString(address);
  }
}
