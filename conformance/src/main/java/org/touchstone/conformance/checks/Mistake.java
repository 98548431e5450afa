package org.touchstone.conformance.checks;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Buffer;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.Dim;
import org.touchstone.api.op.Slot;
import org.touchstone.api.op.Slot.Presence;
import org.touchstone.api.op.Slot.StrideRule;

/** A rule of a signature, broken. */
enum Mistake {
  MISSING_TENSOR(ErrorCode.MISSING_TENSOR),
  FORBIDDEN_TENSOR(ErrorCode.MISSING_TENSOR),
  DTYPE(ErrorCode.DTYPE),
  RANK(ErrorCode.SHAPE),
  EXTENT(ErrorCode.SHAPE),
  INNER_STRIDE(ErrorCode.STRIDES),
  LAYOUT(ErrorCode.LAYOUT),
  ROWS_ONE_OVER_ANOTHER(ErrorCode.OVERLAP),
  OVERLAP(ErrorCode.OVERLAP),
  CLOSED_BUFFER(ErrorCode.CLOSED),
  HOST_TENSOR(ErrorCode.WRONG_DEVICE),
  FOREIGN_DEVICE(ErrorCode.WRONG_DEVICE);

  private final ErrorCode code;

  Mistake(ErrorCode code) {
    this.code = code;
  }

  /** Returns what every backend must answer. */
  ErrorCode code() {
    return code;
  }

  String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Makes the mistake in good arguments; empty when the signature leaves no room for it. */
  Optional<List<@Nullable Tensor>> make(MistakeContext context, List<@Nullable Tensor> good) {
    List<Slot> slots = context.slots();
    return switch (this) {
      case MISSING_TENSOR ->
          context.pick(s -> s.presence() == Presence.REQUIRED).map(i -> with(good, i, null));
      case FORBIDDEN_TENSOR ->
          context
              .pick(s -> s.presence() == Presence.FORBIDDEN)
              .map(i -> with(good, i, context.dense(DType.F32, 1)));
      case DTYPE ->
          context
              .pick(s -> context.present(s) && sameWidth(s.dtype()).isPresent())
              .map(
                  i -> {
                    Tensor t = at(good, i);
                    DType other = sameWidth(t.dtype()).orElseThrow();
                    return with(good, i, context.dense(other, t.shape().dims()));
                  });
      case RANK -> rank(context, good);
      case EXTENT -> extent(context, good);
      case INNER_STRIDE ->
          context
              .pick(
                  s -> {
                    int i = slots.indexOf(s);
                    return context.present(s)
                        && s.dtype().bits() >= 8
                        && at(good, i).shape().rank() > 0
                        && at(good, i).dim(-1) > 1;
                  })
              .map(
                  i ->
                      with(good, i, context.everySecond(at(good, i).dtype(), at(good, i).shape())));
      case LAYOUT ->
          context
              .pick(context::present)
              .map(i -> with(good, i, context.packed(at(good, i).dtype(), at(good, i).shape())));
      case ROWS_ONE_OVER_ANOTHER ->
          context
              .pick(
                  s -> {
                    int i = slots.indexOf(s);
                    return context.present(s)
                        && s.written()
                        && s.strideRule() == StrideRule.ROWS
                        && s.dtype().bits() >= 8
                        && at(good, i).shape().rank() > 1
                        && at(good, i).dim(-2) > 1
                        && at(good, i).dim(-1) > 0;
                  })
              .map(i -> with(good, i, context.oneRow(at(good, i).dtype(), at(good, i).shape())));
      case OVERLAP -> overlap(context, good);
      case CLOSED_BUFFER ->
          context
              .pick(context::present)
              .map(
                  i -> {
                    Tensor closed = context.dense(at(good, i).dtype(), at(good, i).shape().dims());
                    closed.buffer().close();
                    return with(good, i, closed);
                  });
      case HOST_TENSOR ->
          context
              .pick(context::present)
              .map(i -> with(good, i, context.host(at(good, i).dtype(), at(good, i).shape())));
      case FOREIGN_DEVICE ->
          context
              .pick(context::present)
              .map(i -> with(good, i, context.foreign(at(good, i).dtype(), at(good, i).shape())));
    };
  }

  private static Tensor at(List<@Nullable Tensor> tensors, int index) {
    return Objects.requireNonNull(tensors.get(index));
  }

  private static List<@Nullable Tensor> with(
      List<@Nullable Tensor> tensors, int index, @Nullable Tensor other) {
    List<@Nullable Tensor> changed = new ArrayList<>(tensors);
    changed.set(index, other);
    return changed;
  }

  private static Optional<DType> sameWidth(DType type) {
    for (DType other : DType.values()) {
      if (other != type && other.bits() == type.bits()) {
        return Optional.of(other);
      }
    }
    return Optional.empty();
  }

  /** One dimension too many, where the rank is prescribed. */
  private static Optional<List<@Nullable Tensor>> rank(
      MistakeContext context, List<@Nullable Tensor> good) {
    Set<String> seen = new HashSet<>();
    return context
        .pick(
            s ->
                context.present(s) && (s.dims() != null || !seen.add(String.valueOf(s.anyShape()))))
        .map(
            i -> {
              Tensor t = at(good, i);
              long[] dims = new long[t.shape().rank() + 1];
              dims[0] = 1;
              System.arraycopy(t.shape().dims(), 0, dims, 1, dims.length - 1);
              return with(good, i, context.dense(t.dtype(), dims));
            });
  }

  /** An extent one larger, where a constant or an earlier tensor prescribes it. */
  private static Optional<List<@Nullable Tensor>> extent(
      MistakeContext context, List<@Nullable Tensor> good) {
    Set<String> seen = new HashSet<>();
    List<Slot> slots = context.slots();
    for (int i = 0; i < slots.size(); i++) {
      Slot slot = slots.get(i);
      if (!context.present(slot)) {
        continue;
      }
      Tensor t = at(good, i);
      int dimension = -1;
      List<Dim> dims = slot.dims();
      if (dims == null) {
        dimension = seen.add(String.valueOf(slot.anyShape())) || t.shape().rank() == 0 ? -1 : 0;
      } else {
        for (int d = 0; d < dims.size(); d++) {
          String symbol = dims.get(d).symbol();
          if (symbol == null || !seen.add(symbol)) {
            dimension = d;
          }
        }
      }
      if (dimension >= 0) {
        long[] larger = t.shape().dims();
        larger[dimension]++;
        return Optional.of(with(good, i, context.dense(t.dtype(), larger)));
      }
    }
    return Optional.empty();
  }

  /** An output that begins inside an input. */
  private static Optional<List<@Nullable Tensor>> overlap(
      MistakeContext context, List<@Nullable Tensor> good) {
    List<Slot> slots = context.slots();
    for (int o = 0; o < slots.size(); o++) {
      for (int i = 0; i < slots.size(); i++) {
        Tensor output = good.get(o);
        Tensor input = good.get(i);
        if (output == null || input == null || !slots.get(o).written() || slots.get(i).written()) {
          continue;
        }
        long inputBytes = Tensor.denseBytes(input.dtype(), input.shape());
        long outputBytes = Tensor.denseBytes(output.dtype(), output.shape());
        if (inputBytes <= 8 || outputBytes == 0) {
          continue;
        }
        Buffer shared = context.allocate(inputBytes + outputBytes + 8);
        List<@Nullable Tensor> changed =
            with(good, i, Tensor.of(shared, input.dtype(), input.shape()));
        return Optional.of(with(changed, o, Tensor.of(shared, output.dtype(), output.shape(), 8)));
      }
    }
    return Optional.empty();
  }
}
