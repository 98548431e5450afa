package org.touchstone.backends.hal;

import org.touchstone.api.DeviceInfo;
import org.touchstone.api.Evidence;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.Verdict;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.Plan;

/** Asks a backend for its plan and applies what holds for every backend. */
final class Planning {
  private Planning() {}

  /**
   * Returns the backend's plan, refused when its numerics are weaker than the spec accepts and when
   * the backend is older than the operator.
   */
  static <A extends Args> Plan<A> plan(BackendDevice backend, OpSpec<A> spec, DeviceInfo device) {
    Plan<A> plan;
    try {
      plan = backend.plan(spec);
    } catch (MatchException e) {
      return Plan.refuses(
          ReasonCode.OPERATOR_NEWER_THAN_BACKEND,
          "backend "
              + device.backend()
              + " was built before the operator "
              + spec.op().opName()
              + " or one of its options existed");
      // A backend is foreign code; whatever it throws names the operator and the device.
    } catch (Throwable e) {
      throw Failures.of(e, "planning", spec.op().opName(), device.uri());
    }
    return switch (plan) {
      case Plan.Refuses<A> refuses -> refuses;
      case Plan.Runs<A> runs -> {
        KernelTraits traits = honest(runs.traits(), device.evidence());
        yield spec.numerics()
            .refuse(traits)
            .<Plan<A>>map(Plan.Refuses::new)
            .orElseGet(() -> new Plan.Runs<>(runs.kernel(), traits, runs.build()));
      }
    };
  }

  /** A kernel proves no more than the device that executes it. */
  private static KernelTraits honest(KernelTraits traits, Evidence device) {
    return traits.evidence().compareTo(device) < 0 ? traits.with(device) : traits;
  }

  /** Returns the plan as the answer that programs see. */
  static Verdict verdict(BackendDevice backend, OpSpec<?> spec, DeviceInfo device) {
    return switch (plan(backend, spec, device)) {
      case Plan.Refuses<?>(Reason reason) -> new Verdict.No(reason);
      case Plan.Runs<?> runs -> new Verdict.Yes(runs.kernel(), runs.traits());
    };
  }
}
