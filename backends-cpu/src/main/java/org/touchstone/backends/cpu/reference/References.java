package org.touchstone.backends.cpu.reference;

import java.util.Map;
import java.util.Optional;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.Op;
import org.touchstone.api.op.OpSpec;

/** The list of references, one line per operator. */
final class References {
  private static final Map<Class<? extends OpSpec<?>>, Reference<?, ?>> ALL = Map.of();

  private References() {}

  /** Returns the reference of a spec's operator. */
  @SuppressWarnings("unchecked") // the map pairs each spec type with its own reference
  static <A extends Args> Optional<Reference<OpSpec<A>, A>> of(OpSpec<A> spec) {
    return Optional.ofNullable((Reference<OpSpec<A>, A>) ALL.get(spec.getClass()));
  }

  /** Returns whether an operator has a reference. */
  static boolean covers(Op op) {
    return ALL.containsKey(op.specType());
  }
}
