package org.touchstone.api.op;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Tensor;

/**
 * What varies per launch: a record whose components are all tensors, named and ordered as the slots
 * of the operator's {@link Signature}. Optional slots are nullable components.
 */
public interface Args {
  /** Returns the tensors in slot order; absent optional ones are null. */
  default List<@Nullable Tensor> tensors() {
    return ArgsLayout.of(getClass()).tensors(this);
  }

  /** Returns the slot names. */
  default List<String> names() {
    return ArgsLayout.of(getClass()).names();
  }

  /** Returns the tensor of a slot, or null when it is absent. */
  default @Nullable Tensor tensor(String slot) {
    int index = names().indexOf(slot);
    if (index < 0) {
      throw new IllegalArgumentException(
          getClass().getSimpleName() + " has no slot '" + slot + "', it has " + names());
    }
    return tensors().get(index);
  }

  /** Creates arguments of the given record type from tensors in slot order. */
  static <A extends Args> A of(Class<A> type, List<? extends @Nullable Tensor> tensors) {
    return type.cast(ArgsLayout.of(type).create(tensors));
  }
}
