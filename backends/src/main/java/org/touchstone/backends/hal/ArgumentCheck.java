package org.touchstone.backends.hal;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Buffer;
import org.touchstone.api.Device;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.HostAccess;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.Signature;
import org.touchstone.api.op.Slot;

/** Checks what a signature cannot know: whose memory the tensors lie in and where. */
final class ArgumentCheck {
  private ArgumentCheck() {}

  /** Checks the memory of every argument; the signature's own rules hold already. */
  static void memory(Signature signature, Args args, String operator, HalDevice device) {
    List<Slot> slots = signature.slots();
    List<@Nullable Tensor> tensors = args.tensors();
    for (int i = 0; i < slots.size(); i++) {
      Tensor tensor = tensors.get(i);
      if (tensor == null) {
        continue;
      }
      requireUsable(tensor, slots.get(i).name(), operator, device);
      if (slots.get(i).written()) {
        requireWritable(tensor, slots.get(i).name(), operator, device);
      }
    }
    if (device.info().hostAccess() == HostAccess.DIRECT) {
      requireDisjoint(slots, tensors, operator, device);
    }
  }

  /** Checks that a tensor lies in open memory of this device, where its elements are aligned. */
  static void requireUsable(
      Tensor tensor, String slot, @Nullable String operator, HalDevice device) {
    requireOpen(tensor, slot, operator, device);
    Optional<Device> owner = tensor.buffer().device();
    if (owner.isEmpty() || owner.get() != device) {
      throw wrongDevice(tensor, slot, operator, device);
    }
    if (device.info().hostAccess() == HostAccess.DIRECT && tensor.storageBytes() > 0) {
      long address = tensor.buffer().host().address() + tensor.byteOffset();
      long element = Math.max(1, tensor.dtype().bits() / Byte.SIZE);
      if (address % element != 0) {
        throw new HalException(
            ErrorCode.MISALIGNED,
            slot + " " + tensor + " starts at an address that is no multiple of " + element,
            operator,
            device.info().uri(),
            "copy it into a buffer of the device",
            null);
      }
    }
  }

  static HalException wrongDevice(
      Tensor tensor, String slot, @Nullable String operator, HalDevice device) {
    String where = tensor.buffer().device().map(d -> d.info().uri()).orElse("the host");
    boolean twin = where.equals(device.info().uri());
    return new HalException(
        ErrorCode.WRONG_DEVICE,
        slot
            + " "
            + tensor
            + " is in memory of "
            + (twin ? "another opening of the same device" : where),
        operator,
        device.info().uri(),
        "copy it with Queue.copy into a buffer of this device",
        null);
  }

  /** Checks that a tensor's memory is still there. */
  static void requireOpen(Tensor tensor, String slot, @Nullable String operator, HalDevice device) {
    if (tensor.buffer().isClosed()) {
      throw new HalException(
          ErrorCode.CLOSED,
          slot + " " + tensor + " lies in a closed buffer",
          operator,
          device.info().uri(),
          "keep the buffer open while it is used",
          null);
    }
  }

  /** Checks that writing a tensor's memory is allowed. */
  static void requireWritable(
      Tensor tensor, String slot, @Nullable String operator, HalDevice device) {
    if (hostBytes(tensor).map(MemorySegment::isReadOnly).orElse(false)) {
      throw new HalException(
          ErrorCode.READ_ONLY,
          slot + " " + tensor + " is written, but its memory is read-only",
          operator,
          device.info().uri(),
          "use a writable buffer",
          null);
    }
  }

  /** Two buffers can wrap the same host memory; tensors of one buffer are compared already. */
  private static void requireDisjoint(
      List<Slot> slots, List<@Nullable Tensor> tensors, String operator, HalDevice device) {
    for (int i = 0; i < slots.size(); i++) {
      Tensor written = tensors.get(i);
      for (int j = 0; written != null && slots.get(i).written() && j < slots.size(); j++) {
        Tensor other = tensors.get(j);
        if (other != null
            && !written.buffer().equals(other.buffer())
            && shareBytes(written, other)) {
          throw new HalException(
              ErrorCode.OVERLAP,
              slots.get(i).name()
                  + " is written and shares bytes with "
                  + slots.get(j).name()
                  + " through another buffer",
              operator,
              device.info().uri(),
              "use separate memory",
              null);
        }
      }
    }
  }

  /** Returns whether two tensors share host memory, through whatever buffers. */
  static boolean shareBytes(Tensor a, Tensor b) {
    if (a.buffer().equals(b.buffer())) {
      return a.overlaps(b);
    }
    Optional<MemorySegment> left = hostBytes(a);
    Optional<MemorySegment> right = hostBytes(b);
    if (left.isEmpty() || right.isEmpty() || a.storageBytes() == 0 || b.storageBytes() == 0) {
      return false;
    }
    long aStart = left.get().address() + a.byteOffset();
    long bStart = right.get().address() + b.byteOffset();
    return aStart < bStart + b.storageBytes() && bStart < aStart + a.storageBytes();
  }

  private static Optional<MemorySegment> hostBytes(Tensor tensor) {
    Buffer buffer = tensor.buffer();
    boolean reachable =
        buffer.device().map(d -> d.info().hostAccess() == HostAccess.DIRECT).orElse(true);
    return reachable ? Optional.of(buffer.host()) : Optional.empty();
  }
}
