package org.touchstone.tools.peers;

import java.util.ArrayList;
import java.util.List;
import org.touchstone.api.op.MoeForwardSpec;
import org.touchstone.tools.peers.Matrix.ScaleRows;

/**
 * Routed experts, sorted by expert.
 *
 * @param x [tokens, hidden]
 * @param gateUp [experts * 2 intermediate, hidden], per expert the gate first
 * @param down [experts * hidden, intermediate]
 * @param intermediate width of an expert
 * @param chosen what each expert that somebody chose has to do
 */
record Experts(Matrix x, Matrix gateUp, Matrix down, int intermediate, List<Share> chosen)
    implements Problem {
  /**
   * The share of one expert.
   *
   * @param expert its number
   * @param tokens rows of x
   * @param weights of its result for each of them
   */
  @SuppressWarnings("ArrayRecordComponent") // data to hand over; nobody compares two of them
  record Share(int expert, long[] tokens, float[] weights) {}

  static Experts of(MoeForwardSpec spec, Problem.Inputs inputs) {
    int experts = Math.toIntExact(spec.experts());
    int hidden = Math.toIntExact(spec.hiddenSize());
    int intermediate = Math.toIntExact(spec.intermediate());
    int tokens = Math.toIntExact(inputs.at("x").dim(0));
    int topK = Math.toIntExact(spec.topK());
    Matrix indices = Matrix.of(inputs.at("indices"), tokens);
    float[] weights = Matrix.of(inputs.at("weights"), tokens).all();
    List<Share> chosen = new ArrayList<>();
    for (int e = 0; e < experts; e++) {
      int expert = e;
      int[] slots =
          java.util.stream.IntStream.range(0, tokens * topK)
              .filter(i -> indices.integer(i) == expert)
              .toArray();
      if (slots.length > 0) {
        float[] factors = new float[slots.length];
        long[] rows = new long[slots.length];
        for (int i = 0; i < slots.length; i++) {
          factors[i] = weights[slots[i]];
          rows[i] = slots[i] / topK;
        }
        chosen.add(new Share(e, rows, factors));
      }
    }
    return new Experts(
        Matrix.of(inputs.at("x"), tokens),
        Matrix.scaled(
            inputs.at("w1"), experts * 2 * intermediate, inputs.at("w1Scale"), ScaleRows.BLOCK),
        Matrix.scaled(inputs.at("w2"), experts * hidden, inputs.at("w2Scale"), ScaleRows.BLOCK),
        intermediate,
        chosen);
  }
}
