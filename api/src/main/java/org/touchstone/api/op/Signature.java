package org.touchstone.api.op;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.Layout;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.Slot.Access;
import org.touchstone.api.op.Slot.Presence;
import org.touchstone.api.op.Slot.StrideRule;

/**
 * The tensors of a spec, in the order of its argument record, with every rule that a launch must
 * obey. The HAL checks arguments against it before any driver call, so every backend reports a
 * mistake in the same words.
 */
public final class Signature {
  private final Op op;
  private final List<Slot> slots;

  private Signature(Op op, List<Slot> slots) {
    this.op = op;
    this.slots = List.copyOf(slots);
  }

  /** Starts a signature. */
  public static Builder of(Op op) {
    return new Builder(op);
  }

  /** Returns the slots in the order of the argument record. */
  public List<Slot> slots() {
    return slots;
  }

  /** Returns a slot by name. */
  public Slot slot(String name) {
    return slots.stream()
        .filter(s -> s.name().equals(name))
        .findFirst()
        .orElseThrow(
            () -> new IllegalArgumentException(op.opName() + " has no slot '" + name + "'"));
  }

  /**
   * Checks arguments.
   *
   * @return the value of every symbol
   * @throws HalException with the code of the first mistake and a message that lists all of them
   */
  public Extents check(Args args) {
    return new SignatureCheck(op, slots, args).run();
  }

  /** Adds slots in the order of the argument record. */
  public static final class Builder {
    private final Op op;
    private final List<Slot> slots = new ArrayList<>();

    private Builder(Op op) {
      this.op = op;
    }

    private Builder add(
        Access access,
        Presence presence,
        String name,
        DType dtype,
        @Nullable List<Dim> dims,
        @Nullable String anyShape) {
      slots.add(
          new Slot(
              name, access, presence, dtype, dims, anyShape, StrideRule.ROWS, Layout.PLAIN, null));
      return this;
    }

    /** Adds a required input. */
    public Builder in(String name, DType dtype, Dim... dims) {
      return add(Access.IN, Presence.REQUIRED, name, dtype, List.of(dims), null);
    }

    /** Adds an input that is required when {@code present}, and forbidden otherwise. */
    public Builder inIf(boolean present, String name, DType dtype, Dim... dims) {
      return add(
          Access.IN,
          present ? Presence.REQUIRED : Presence.FORBIDDEN,
          name,
          dtype,
          List.of(dims),
          null);
    }

    /** Adds an input that may be null. */
    public Builder optionalIn(String name, DType dtype, Dim... dims) {
      return add(Access.IN, Presence.OPTIONAL, name, dtype, List.of(dims), null);
    }

    /** Adds an input of any shape, which {@code symbol} stands for. */
    public Builder inAnyShape(String name, DType dtype, String symbol) {
      return add(Access.IN, Presence.REQUIRED, name, dtype, null, symbol);
    }

    /** Adds a required output. */
    public Builder out(String name, DType dtype, Dim... dims) {
      return add(Access.OUT, Presence.REQUIRED, name, dtype, List.of(dims), null);
    }

    /** Adds an output that is required when {@code present}, and forbidden otherwise. */
    public Builder outIf(boolean present, String name, DType dtype, Dim... dims) {
      return add(
          Access.OUT,
          present ? Presence.REQUIRED : Presence.FORBIDDEN,
          name,
          dtype,
          List.of(dims),
          null);
    }

    /** Adds an output that may be null. */
    public Builder optionalOut(String name, DType dtype, Dim... dims) {
      return add(Access.OUT, Presence.OPTIONAL, name, dtype, List.of(dims), null);
    }

    /** Adds an output of any shape. */
    public Builder outAnyShape(String name, DType dtype, String symbol) {
      return add(Access.OUT, Presence.REQUIRED, name, dtype, null, symbol);
    }

    /** Adds a tensor that is read and written, or written in part. */
    public Builder inOut(String name, DType dtype, Dim... dims) {
      return add(Access.INOUT, Presence.REQUIRED, name, dtype, List.of(dims), null);
    }

    /** Adds a tensor that is read and written when {@code present}, and forbidden otherwise. */
    public Builder inOutIf(boolean present, String name, DType dtype, Dim... dims) {
      return add(
          Access.INOUT,
          present ? Presence.REQUIRED : Presence.FORBIDDEN,
          name,
          dtype,
          List.of(dims),
          null);
    }

    /** Makes the last slot dense. */
    public Builder dense() {
      Slot s = slots.removeLast();
      slots.add(
          new Slot(
              s.name(),
              s.access(),
              s.presence(),
              s.dtype(),
              s.dims(),
              s.anyShape(),
              StrideRule.DENSE,
              s.layout(),
              s.inPlaceOf()));
      return this;
    }

    /** Makes the last slot a dense tensor of the given layout. */
    public Builder layout(Layout layout) {
      Slot s = slots.removeLast();
      slots.add(
          new Slot(
              s.name(),
              s.access(),
              s.presence(),
              s.dtype(),
              s.dims(),
              s.anyShape(),
              StrideRule.DENSE,
              layout,
              s.inPlaceOf()));
      return this;
    }

    /** Lets the last slot be exactly the same view as an input. */
    public Builder mayBe(String input) {
      Slot s = slots.removeLast();
      slots.add(
          new Slot(
              s.name(),
              s.access(),
              s.presence(),
              s.dtype(),
              s.dims(),
              s.anyShape(),
              s.strideRule(),
              s.layout(),
              input));
      return this;
    }

    /** Ends the signature. */
    public Signature build() {
      Set<String> names = new java.util.HashSet<>();
      for (Slot slot : slots) {
        if (!names.add(slot.name())) {
          throw new HalException(
              ErrorCode.INTERNAL, op.opName() + " has two slots named " + slot.name());
        }
        if (slot.inPlaceOf() != null && !names.contains(slot.inPlaceOf())) {
          throw new HalException(
              ErrorCode.INTERNAL,
              op.opName() + "." + slot.name() + " refers to unknown slot " + slot.inPlaceOf());
        }
      }
      return new Signature(op, slots);
    }
  }

  /** Renders one slot per line. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(op.opName());
    for (Slot slot : slots) {
      if (slot.presence() == Presence.FORBIDDEN) {
        continue;
      }
      text.append("\n  ")
          .append(slot.access())
          .append(' ')
          .append(slot.name())
          .append(' ')
          .append(slot.dtype());
      text.append(slot.dims() == null ? "[" + slot.anyShape() + "...]" : slot.dims().toString());
      if (slot.presence() == Presence.OPTIONAL) {
        text.append(" optional");
      }
    }
    return text.toString();
  }
}
