package org.touchstone.api.op;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.Slot.Presence;
import org.touchstone.api.op.Slot.StrideRule;

/** Checks one set of arguments against the slots; collects every mistake and throws once. */
final class SignatureCheck {
  private final Op op;
  private final List<Slot> slots;
  private final List<@Nullable Tensor> tensors;
  private final Map<String, Long> extents = new HashMap<>();
  private final Map<String, String> firstSeen = new HashMap<>();
  private final Map<String, Shape> shapes = new HashMap<>();
  private final List<String> mistakes = new ArrayList<>();
  private @Nullable ErrorCode first;

  SignatureCheck(Op op, List<Slot> slots, Args args) {
    this.op = op;
    this.slots = slots;
    this.tensors = args.tensors();
    if (!slots.stream().map(Slot::name).toList().equals(args.names())) {
      throw new HalException(
          ErrorCode.INTERNAL,
          "slots "
              + slots.stream().map(Slot::name).toList()
              + " differ from arguments "
              + args.names(),
          op.opName(),
          null,
          null,
          null);
    }
  }

  Extents run() {
    for (int i = 0; i < slots.size(); i++) {
      Tensor tensor = tensors.get(i);
      if (tensor == null) {
        if (slots.get(i).presence() == Presence.REQUIRED) {
          mistake(ErrorCode.MISSING_TENSOR, slots.get(i), "is required, got null");
        }
      } else if (slots.get(i).presence() == Presence.FORBIDDEN) {
        mistake(
            ErrorCode.MISSING_TENSOR,
            slots.get(i),
            "must be null: the spec switches it off; got " + tensor);
      } else {
        checkOne(slots.get(i), tensor);
      }
    }
    checkOverlaps();
    if (first != null) {
      throw new HalException(
          first,
          String.join("; ", mistakes),
          op.opName(),
          null,
          "correct the arguments; nothing was submitted",
          null);
    }
    return new Extents(extents);
  }

  private void mistake(ErrorCode code, Slot slot, String what) {
    if (first == null) {
      first = code;
    }
    mistakes.add(slot.name() + " " + what);
  }

  private void checkOne(Slot slot, Tensor tensor) {
    if (tensor.dtype() != slot.dtype()) {
      mistake(ErrorCode.DTYPE, slot, "has dtype " + tensor.dtype() + ", expected " + slot.dtype());
    }
    if (!tensor.layout().equals(slot.layout())) {
      mistake(
          ErrorCode.LAYOUT, slot, "has layout " + tensor.layout() + ", expected " + slot.layout());
    }
    if (slot.dims() == null) {
      checkWholeShape(slot, tensor);
    } else {
      checkDims(slot, slot.dims(), tensor);
    }
    if (!tensor.layout().plain()) {
      return;
    }
    if (slot.strideRule() == StrideRule.DENSE && !tensor.isDense()) {
      mistake(ErrorCode.STRIDES, slot, "must be dense, got " + tensor);
    } else if (!tensor.hasUnitInnerStride()) {
      mistake(
          ErrorCode.STRIDES, slot, "must have unit stride in its last dimension, got " + tensor);
    } else if (slot.written() && !tensor.isInjective()) {
      mistake(
          ErrorCode.OVERLAP,
          slot,
          "is written, but its strides let elements share memory: " + tensor);
    }
  }

  private void checkWholeShape(Slot slot, Tensor tensor) {
    String symbol = String.valueOf(slot.anyShape());
    Shape seen = shapes.putIfAbsent(symbol, tensor.shape());
    if (seen == null) {
      firstSeen.put(symbol, slot.name());
      extents.put(symbol, tensor.shape().elements());
    } else if (!seen.equals(tensor.shape())) {
      mistake(
          ErrorCode.SHAPE,
          slot,
          "has shape " + tensor.shape() + ", expected " + seen + " like " + firstSeen.get(symbol));
    }
  }

  private void checkDims(Slot slot, List<Dim> dims, Tensor tensor) {
    if (tensor.shape().rank() != dims.size()) {
      mistake(ErrorCode.SHAPE, slot, "has shape " + tensor.shape() + ", expected " + dims);
      return;
    }
    for (int i = 0; i < dims.size(); i++) {
      checkDim(slot, dims, i, tensor);
    }
  }

  private void checkDim(Slot slot, List<Dim> dims, int index, Tensor tensor) {
    Dim dim = dims.get(index);
    long actual = tensor.dim(index);
    String symbol = dim.symbol();
    if (symbol == null) {
      if (actual != dim.offset()) {
        mistake(
            ErrorCode.SHAPE,
            slot,
            "has shape "
                + tensor.shape()
                + ", expected "
                + dims
                + ": dimension "
                + index
                + " is "
                + actual
                + " instead of "
                + dim.offset());
      }
      return;
    }
    Long bound = extents.get(symbol);
    if (bound == null) {
      if (dim.divisor() != 1) {
        if (first != null) {
          // The tensor that tells the extent is the one with the mistake.
          return;
        }
        throw new HalException(
            ErrorCode.INTERNAL,
            slot.name() + " holds " + dim + " before " + symbol + " is known",
            op.opName(),
            null,
            null,
            null);
      }
      long value = actual - dim.offset();
      if (value < 0 || value % dim.factor() != 0) {
        mistake(
            ErrorCode.SHAPE,
            slot,
            "has shape "
                + tensor.shape()
                + ", but dimension "
                + index
                + " must be "
                + dim
                + " with "
                + symbol
                + " >= 0");
        return;
      }
      extents.put(symbol, value / dim.factor());
      firstSeen.put(symbol, slot.name());
    } else if (actual != dim.extent(bound)) {
      mistake(
          ErrorCode.SHAPE,
          slot,
          "has shape "
              + tensor.shape()
              + ", expected "
              + dims
              + " with "
              + symbol
              + " = "
              + bound
              + " from "
              + firstSeen.get(symbol));
    }
  }

  private void checkOverlaps() {
    for (int i = 0; i < slots.size(); i++) {
      Tensor written = tensors.get(i);
      if (written == null || !slots.get(i).written()) {
        continue;
      }
      for (int j = 0; j < slots.size(); j++) {
        Tensor other = tensors.get(j);
        boolean once = slots.get(j).written() && j < i;
        if (i == j || once || other == null || !written.overlaps(other)) {
          continue;
        }
        boolean inPlace =
            slots.get(j).name().equals(slots.get(i).inPlaceOf()) && written.sameView(other);
        if (!inPlace) {
          mistake(
              ErrorCode.OVERLAP,
              slots.get(i),
              "is written and shares bytes with " + slots.get(j).name() + "; use separate memory");
        }
      }
    }
  }
}
