package org.touchstone.tools.model.inference;

import java.util.HashMap;
import java.util.Map;
import org.touchstone.api.Device;
import org.touchstone.api.Operator;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;

/** The prepared operators of one device, one per spec. */
final class Operators {
  private final Device device;
  private final Map<OpSpec<?>, Operator<?>> prepared = new HashMap<>();

  Operators(Device device) {
    this.device = device;
  }

  // An operator is stored under its own spec, whose type parameter is the operator's.
  @SuppressWarnings("unchecked")
  <A extends Args> Operator<A> prepare(OpSpec<A> spec) {
    return (Operator<A>) prepared.computeIfAbsent(spec, device::prepare);
  }

  java.util.Set<OpSpec<?>> specs() {
    return java.util.Collections.unmodifiableSet(prepared.keySet());
  }
}
