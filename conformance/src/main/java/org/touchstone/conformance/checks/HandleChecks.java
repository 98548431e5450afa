package org.touchstone.conformance.checks;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.touchstone.api.Buffer;
import org.touchstone.api.Completion;
import org.touchstone.api.Device;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.Operator;
import org.touchstone.api.Queue;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.AddArgs;
import org.touchstone.api.op.AddSpec;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.checks.Check.Finding;
import org.touchstone.conformance.run.Item;
import org.touchstone.conformance.run.Lane;
import org.touchstone.conformance.run.Session;

/** Handles of another device, and handles that are closed. */
final class HandleChecks {
  private HandleChecks() {}

  static List<Item> all() {
    return List.of(
        Check.of("queue", "closed_device", Level.L1, HandleChecks::closedDevice),
        Check.of("queue", "closed_queue_operator", Level.L1, HandleChecks::closedQueue),
        Check.of("queue", "foreign_queue", Level.L1, HandleChecks::foreignQueue),
        Check.of("queue", "foreign_buffer", Level.L1, HandleChecks::foreignBuffer),
        Check.of("queue", "foreign_completion", Level.L1, HandleChecks::foreignCompletion));
  }

  private static Tensor eight(Buffer buffer) {
    return Tensor.of(buffer, DType.F32, Shape.of(8));
  }

  private static Finding closedDevice(Lane lane) {
    List<String> mistakes = new ArrayList<>();
    try (Session twin = lane.session().reopen();
        Arena arena = Arena.ofShared()) {
      Device device = twin.device();
      Queue queue = device.openQueue();
      Buffer buffer = device.allocate(32);
      queue.close();
      buffer.close();
      device.close();
      device.close();
      ErrorCode closed = ErrorCode.CLOSED;
      MemoryChecks.expect(
          closed, "allocate of a closed device", () -> device.allocate(32).close(), mistakes);
      MemoryChecks.expect(
          closed, "openQueue of a closed device", () -> device.openQueue().close(), mistakes);
      MemoryChecks.expect(closed, "prepare of a closed device", () -> prepare(device), mistakes);
      Tensor host = HostTensors.allocate(arena, DType.F32, 8);
      MemoryChecks.expect(
          closed,
          "a copy in a queue of a closed device",
          () -> queue.copy(host, eight(buffer)).join(),
          mistakes);
    }
    return Finding.of(mistakes);
  }

  private static void prepare(Device device) {
    if (device.prepare(AddSpec.of(DType.F32)).kernel().isEmpty()) {
      throw new IllegalStateException("a kernel without a name");
    }
  }

  private static Finding closedQueue(Lane lane) {
    AddSpec spec = AddSpec.of(DType.F32);
    Device device = lane.session().device();
    if (!device.support(spec).supported()) {
      return Finding.unsupported("OPERATOR: the device does not add FP32 tensors");
    }
    Operator<AddArgs> add = lane.session().prepare(spec);
    List<String> mistakes = new ArrayList<>();
    try (Buffer buffer = device.allocate(32);
        Buffer sum = device.allocate(32)) {
      Queue queue = device.openQueue();
      queue.close();
      AddArgs args = new AddArgs(eight(buffer), eight(buffer), eight(sum));
      MemoryChecks.expect(
          ErrorCode.CLOSED,
          "an operator in a closed queue",
          () -> add.submit(queue, args).join(),
          mistakes);
    }
    return Finding.of(mistakes);
  }

  private static Finding foreignQueue(Lane lane) {
    AddSpec spec = AddSpec.of(DType.F32);
    Device device = lane.session().device();
    if (!device.support(spec).supported()) {
      return Finding.unsupported("OPERATOR: the device does not add FP32 tensors");
    }
    Operator<AddArgs> add = lane.session().prepare(spec);
    List<String> mistakes = new ArrayList<>();
    try (Session twin = lane.session().reopen();
        Queue foreign = twin.device().openQueue();
        Buffer buffer = device.allocate(32);
        Buffer sum = device.allocate(32)) {
      AddArgs args = new AddArgs(eight(buffer), eight(buffer), eight(sum));
      MemoryChecks.expect(
          ErrorCode.WRONG_DEVICE,
          "an operator in another device's queue",
          () -> add.submit(foreign, args).join(),
          mistakes);
      // Nothing was submitted, so both queues stay usable.
      add.submit(lane.queue(), args).join();
      foreign.finish();
    }
    return Finding.of(mistakes);
  }

  private static Finding foreignBuffer(Lane lane) {
    List<String> mistakes = new ArrayList<>();
    try (Session twin = lane.session().reopen();
        Arena arena = Arena.ofShared();
        Buffer foreign = twin.device().allocate(32)) {
      Tensor host = HostTensors.allocate(arena, DType.F32, 8);
      MemoryChecks.expect(
          ErrorCode.WRONG_DEVICE,
          "a copy into another device's buffer",
          () -> lane.queue().copy(host, eight(foreign)).join(),
          mistakes);
      MemoryChecks.expect(
          ErrorCode.WRONG_DEVICE,
          "a copy out of another device's buffer",
          () -> lane.queue().copy(eight(foreign), host).join(),
          mistakes);
    }
    return Finding.of(mistakes);
  }

  /** A queue may wait for another device's work. */
  private static Finding foreignCompletion(Lane lane) {
    List<String> mistakes = new ArrayList<>();
    try (Session twin = lane.session().reopen();
        Arena arena = Arena.ofShared();
        Queue foreign = twin.device().openQueue();
        Buffer far = twin.device().allocate(32);
        Buffer near = lane.session().device().allocate(32)) {
      Tensor host = HostTensors.allocate(arena, DType.F32, 8);
      Tensor middle = HostTensors.allocate(arena, DType.F32, 8);
      Tensor back = HostTensors.allocate(arena, DType.F32, 8);
      for (int i = 0; i < 8; i++) {
        HostTensors.writeCodes(host, new long[] {1, 2, 3, 4, 5, 6, 7, i});
        foreign.copy(host, eight(far));
        Completion written = foreign.copy(eight(far), middle);
        lane.queue().await(written);
        lane.queue().copy(middle, eight(near));
        lane.queue().copy(eight(near), back).join();
        if (HostTensors.codes(back)[7] != i) {
          mistakes.add("round " + i + " gave " + HostTensors.codes(back)[7]);
        }
      }
      // Where the queue did not wait for them, copies into memory that closes here are still due.
      foreign.finish();
    }
    return Finding.of(mistakes);
  }
}
