package org.touchstone.backends.spi;

import java.lang.foreign.MemorySegment;
import org.touchstone.api.Buffer;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.Tensor;

/** Gives backends the memory behind a tensor. */
public final class Memories {
  private Memories() {}

  /** A buffer of the HAL that knows its backend's memory. */
  public interface Holder {
    /** Returns the backend's memory. */
    DeviceMemory memory();
  }

  /** Returns the backend's memory of a tensor. */
  public static <M extends DeviceMemory> M of(Tensor tensor, Class<M> type) {
    Buffer buffer = tensor.buffer();
    if (buffer instanceof Holder holder && type.isInstance(holder.memory())) {
      return type.cast(holder.memory());
    }
    throw new HalException(
        ErrorCode.WRONG_DEVICE, tensor + " is not in memory of the type " + type.getSimpleName());
  }

  /** Returns the bytes of a tensor that the host can reach, from its first element on. */
  public static MemorySegment host(Tensor tensor) {
    return tensor.buffer().host().asSlice(tensor.byteOffset(), tensor.storageBytes());
  }
}
