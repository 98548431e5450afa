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

/** The order of submissions. */
final class QueueChecks {
  private static final int ROUNDS = 64;
  private static final int WIDTH = 4099;

  private QueueChecks() {}

  static List<Item> all() {
    return List.of(
        Check.of("queue", "copies_in_order", Level.L1, QueueChecks::copies),
        Check.of("queue", "operators_in_order", Level.L1, QueueChecks::operators),
        Check.of("queue", "await_another_queue", Level.L2, QueueChecks::await),
        Check.of("queue", "closed", Level.L1, QueueChecks::closed));
  }

  private static Tensor constant(Arena arena, int value) {
    Tensor tensor = HostTensors.allocate(arena, DType.F32, WIDTH);
    double[] values = new double[WIDTH];
    java.util.Arrays.fill(values, value);
    HostTensors.write(tensor, values, org.touchstone.api.format.Saturation.NONSAT);
    return tensor;
  }

  private static Tensor on(Buffer buffer) {
    return Tensor.of(buffer, DType.F32, Shape.of(WIDTH));
  }

  private static void check(int round, double expected, Tensor result, List<String> mistakes) {
    for (double value : HostTensors.doubles(result)) {
      if (value != expected) {
        mistakes.add("round " + round + " gave " + value + ", expected " + expected);
        return;
      }
    }
  }

  /** One buffer is overwritten again and again; every copy out must see its own round. */
  private static Finding copies(Lane lane) {
    Device device = lane.session().device();
    List<String> mistakes = new ArrayList<>();
    try (Arena arena = Arena.ofShared();
        Buffer first = device.allocate(4L * WIDTH);
        Buffer second = device.allocate(4L * WIDTH)) {
      List<Tensor> results = new ArrayList<>();
      for (int round = 0; round < ROUNDS; round++) {
        Tensor result = HostTensors.allocate(arena, DType.F32, WIDTH);
        lane.queue().copy(constant(arena, round), on(first));
        lane.queue().copy(on(first), on(second));
        lane.queue().copy(on(second), result);
        results.add(result);
      }
      lane.queue().finish();
      for (int round = 0; round < ROUNDS; round++) {
        check(round, round, results.get(round), mistakes);
      }
    }
    return Finding.of(mistakes);
  }

  private static Finding operators(Lane lane) {
    Device device = lane.session().device();
    AddSpec spec = AddSpec.of(DType.F32);
    if (!device.support(spec).supported()) {
      return Finding.unsupported("OPERATOR: the device does not add FP32 tensors");
    }
    Operator<AddArgs> add = lane.session().prepare(spec);
    List<String> mistakes = new ArrayList<>();
    try (Arena arena = Arena.ofShared();
        Buffer a = device.allocate(4L * WIDTH);
        Buffer b = device.allocate(4L * WIDTH);
        Buffer y = device.allocate(4L * WIDTH)) {
      List<Tensor> results = new ArrayList<>();
      lane.queue().copy(constant(arena, 0), on(b));
      for (int round = 0; round < ROUNDS; round++) {
        Tensor result = HostTensors.allocate(arena, DType.F32, WIDTH);
        lane.queue().copy(constant(arena, round), on(a));
        add.submit(lane.queue(), new AddArgs(on(a), on(b), on(y)));
        lane.queue().copy(on(y), on(b));
        lane.queue().copy(on(y), result);
        results.add(result);
      }
      lane.queue().finish();
      for (int round = 0; round < ROUNDS; round++) {
        check(round, round * (round + 1) / 2.0, results.get(round), mistakes);
      }
    }
    return Finding.of(mistakes);
  }

  private static Finding await(Lane lane) {
    Device device = lane.session().device();
    List<String> mistakes = new ArrayList<>();
    try (Arena arena = Arena.ofShared();
        Queue other = device.openQueue();
        Buffer first = device.allocate(4L * WIDTH);
        Buffer second = device.allocate(4L * WIDTH)) {
      for (int round = 0; round < ROUNDS; round++) {
        Tensor result = HostTensors.allocate(arena, DType.F32, WIDTH);
        Completion written = lane.queue().copy(constant(arena, round), on(first));
        other.await(written);
        other.copy(on(first), on(second));
        Completion read = other.copy(on(second), result);
        lane.queue().await(read);
        if (round % 8 == 7) {
          read.join();
          check(round, round, result, mistakes);
        }
      }
      lane.queue().finish();
      other.finish();
    }
    return Finding.of(mistakes);
  }

  private static Finding closed(Lane lane) {
    Device device = lane.session().device();
    List<String> mistakes = new ArrayList<>();
    try (Arena arena = Arena.ofShared();
        Buffer buffer = device.allocate(4L * WIDTH)) {
      Queue queue = device.openQueue();
      queue.close();
      queue.close();
      MemoryChecks.expect(
          ErrorCode.CLOSED,
          "a copy in a closed queue",
          () -> queue.copy(constant(arena, 1), on(buffer)).join(),
          mistakes);
    }
    return Finding.of(mistakes);
  }
}
