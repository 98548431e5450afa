package org.touchstone.conformance.run;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Device;
import org.touchstone.api.Layout;
import org.touchstone.api.Operator;
import org.touchstone.api.Queue;
import org.touchstone.api.Receipt;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.Slot;
import org.touchstone.conformance.cases.TestCase;
import org.touchstone.conformance.data.InputData;

/**
 * The tensors of a case on a device, ready to be launched any number of times. Owns its buffers.
 */
public final class Launch implements AutoCloseable {
  private final TestCase testCase;
  private final Queue queue;
  private final Arena arena;
  private final Map<String, Canvas> canvases = new LinkedHashMap<>();
  private final Map<String, MemorySegment> images = new LinkedHashMap<>();
  private final Map<String, Tensor> packed = new LinkedHashMap<>();
  private final List<Slot> slots;

  /**
   * What a launch left behind.
   *
   * @param receipt what ran
   * @param outputs content of every written slot, as dense host tensors
   * @param damages one line for every byte range that must not have changed and did
   */
  public record Result(Receipt receipt, Map<String, Tensor> outputs, List<String> damages) {}

  private Launch(TestCase testCase, Queue queue, Arena arena) {
    this.testCase = testCase;
    this.queue = queue;
    this.arena = arena;
    this.slots = testCase.spec().signature().slots();
  }

  /** Allocates and uploads a case as its data say. */
  public static Launch of(
      TestCase testCase, Device device, Queue queue, InputData data, Arena arena) {
    return of(testCase, device, queue, data.tensors(), CaseRunner.shapes(testCase), arena);
  }

  /**
   * Allocates and uploads.
   *
   * @param inputs dense host tensors of every slot that is read, of the launch's own shapes
   * @param shapes the shape of every slot
   * @param arena owner of host copies
   */
  public static Launch of(
      TestCase testCase,
      Device device,
      Queue queue,
      Map<String, Tensor> inputs,
      Map<String, Shape> shapes,
      Arena arena) {
    Launch launch = new Launch(testCase, queue, arena);
    try {
      for (Slot slot : launch.slots) {
        Shape shape = shapes.get(slot.name());
        if (testCase.present(slot) && shape != null) {
          launch.place(slot, shape, device, inputs.get(slot.name()));
        }
      }
      return launch;
    } catch (RuntimeException e) {
      launch.close();
      throw e;
    }
  }

  private void place(Slot slot, Shape shape, Device device, @Nullable Tensor content) {
    String source = slot.inPlaceOf();
    if (source != null && testCase.variants().inPlace().contains(slot.name())) {
      Canvas shared = canvases.get(source);
      MemorySegment image = images.get(source);
      if (shared == null || image == null) {
        throw new IllegalStateException(
            testCase + " puts " + slot.name() + " in place of the absent " + source);
      }
      canvases.put(slot.name(), shared);
      images.put(slot.name(), image);
      return;
    }
    Canvas canvas =
        Canvas.of(device, slot.dtype(), shape, slot.strideRule(), testCase.variants().placement());
    canvases.put(slot.name(), canvas);
    MemorySegment image = content == null ? canvas.poisoned(arena) : canvas.image(arena, content);
    images.put(slot.name(), image);
    canvas.upload(queue, image);
  }

  /**
   * Packs the given slots. The packed tensors take the place of the plain ones, whose memory is
   * given back.
   */
  public void pack(Set<String> names, Device device, Layout layout) {
    for (String name : names) {
      Canvas canvas = canvases.get(name);
      if (canvas != null) {
        packed.put(name, device.pack(canvas.tensor(), layout));
        canvases.remove(name);
        images.remove(name);
        canvas.close();
      }
    }
  }

  /** Returns the packed tensors by slot. */
  public Map<String, Tensor> packed() {
    return packed;
  }

  /** Submits the operator and downloads everything. */
  public <A extends Args> Result run(Operator<A> operator) {
    restore();
    Receipt receipt = operator.submit(queue, args(operator)).receipt();
    return collect(receipt);
  }

  /** Puts back what earlier launches wrote. */
  private void restore() {
    for (Slot slot : slots) {
      Canvas canvas = canvases.get(slot.name());
      MemorySegment image = images.get(slot.name());
      if (canvas != null && image != null && slot.written()) {
        canvas.upload(queue, image);
      }
    }
  }

  private <A extends Args> A args(Operator<A> operator) {
    return Args.of(operator.spec().argsType(), tensors());
  }

  /** Returns the tensors in slot order, null where the case has none. */
  public List<@Nullable Tensor> tensors() {
    List<@Nullable Tensor> tensors = new ArrayList<>();
    for (Slot slot : slots) {
      Canvas canvas = canvases.get(slot.name());
      Tensor other = packed.get(slot.name());
      tensors.add(other != null ? other : canvas == null ? null : canvas.tensor());
    }
    return tensors;
  }

  private Result collect(Receipt receipt) {
    Map<String, Tensor> outputs = new LinkedHashMap<>();
    List<String> damages = new ArrayList<>();
    for (Slot slot : slots) {
      Canvas canvas = canvases.get(slot.name());
      MemorySegment image = images.get(slot.name());
      if (canvas == null || image == null || sharedWithOutput(slot)) {
        continue;
      }
      MemorySegment now = canvas.download(queue, arena);
      if (slot.written()) {
        outputs.put(slot.name(), canvas.elements(arena, now));
        canvas.damaged(arena, image, now).ifPresent(what -> damages.add(slot.name() + ": " + what));
      } else {
        Canvas.changed(image, now)
            .ifPresent(what -> damages.add("input " + slot.name() + ": " + what));
      }
    }
    return new Result(receipt, outputs, damages);
  }

  private boolean sharedWithOutput(Slot input) {
    return !input.written()
        && slots.stream()
            .anyMatch(
                s ->
                    input.name().equals(s.inPlaceOf())
                        && testCase.variants().inPlace().contains(s.name()));
  }

  @Override
  public void close() {
    packed.values().forEach(tensor -> tensor.buffer().close());
    canvases.values().stream().distinct().forEach(Canvas::close);
  }
}
