package org.touchstone.tools.peers;

import java.util.Map;
import java.util.Optional;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.AttentionDecodePagedSpec;
import org.touchstone.api.op.AttentionPrefillSpec;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.GemmSpec;
import org.touchstone.api.op.MlaDecodeAbsorbedSpec;
import org.touchstone.api.op.MoeForwardSpec;
import org.touchstone.conformance.cases.TestCase;

/** A workload in terms that every linear algebra library knows. */
sealed interface Problem permits Product, Attention, LatentAttention, Experts {
  /** Translates a case; empty when peers have no such operator. */
  static Optional<Problem> of(TestCase testCase, Map<String, Tensor> inputs) {
    Inputs tensors = new Inputs(inputs);
    return switch (testCase.spec()) {
      case GemmSpec s when s.operands() == GemmOperands.FP8_BLOCK ->
          Optional.of(Product.of(s, tensors));
      case AttentionDecodePagedSpec s -> Optional.of(Attention.decode(s, tensors));
      case AttentionPrefillSpec s when !inputs.containsKey("cuSeqlensQ") ->
          Optional.of(Attention.prefill(s, tensors));
      case MlaDecodeAbsorbedSpec s -> Optional.of(LatentAttention.of(s, tensors));
      case MoeForwardSpec s when s.operands() == GemmOperands.FP8_BLOCK ->
          Optional.of(Experts.of(s, tensors));
      default -> Optional.empty();
    };
  }

  /** The inputs of a case by slot. */
  record Inputs(Map<String, Tensor> bySlot) {
    Tensor at(String slot) {
      Tensor tensor = bySlot.get(slot);
      if (tensor == null) {
        throw new IllegalArgumentException(
            "the case has no input " + slot + ", it has " + bySlot.keySet());
      }
      return tensor;
    }
  }
}
