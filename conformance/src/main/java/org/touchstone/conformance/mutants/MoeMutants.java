package org.touchstone.conformance.mutants;

import org.touchstone.api.Tensor;
import org.touchstone.api.op.MoeForwardSpec;
import org.touchstone.api.op.MoePermuteSpec;
import org.touchstone.api.op.MoeRouteSpec;
import org.touchstone.api.op.MoeRouteSpec.Renorm;
import org.touchstone.api.op.Op;

/** Defects of routing and expert layers. */
final class MoeMutants {
  private MoeMutants() {}

  static void addTo(Seeds seeds) {
    routes(seeds);
    orders(seeds);
    layers(seeds);
  }

  private static MoeRouteSpec with(MoeRouteSpec s, long keptGroups, Renorm renorm, float scale) {
    return new MoeRouteSpec(
        s.experts(),
        s.topK(),
        s.score(),
        s.bias(),
        s.groups(),
        keptGroups,
        s.groupScore(),
        renorm,
        s.renormEps(),
        scale);
  }

  private static void routes(Seeds seeds) {
    Op op = Op.MOE_ROUTE;
    seeds.value(
        "weights-not-normalised",
        op,
        "returns scores where the spec divides them by their sum",
        shot -> {
          MoeRouteSpec s = (MoeRouteSpec) shot.spec();
          Renorm other = s.renorm() == Renorm.SUM ? Renorm.NONE : s.renorm();
          shot.replaceSpec(with(s, s.keptGroups(), other, s.scale()));
          shot.run();
        });
    seeds.value(
        "route-scale-ignored",
        op,
        "does not multiply the weights by the scale",
        shot -> {
          MoeRouteSpec s = (MoeRouteSpec) shot.spec();
          shot.replaceSpec(with(s, s.keptGroups(), s.renorm(), 1));
          shot.run();
        });
    seeds.value(
        "groups-ignored",
        op,
        "chooses from all groups",
        shot -> {
          MoeRouteSpec s = (MoeRouteSpec) shot.spec();
          shot.replaceSpec(with(s, s.groups(), s.renorm(), s.scale()));
          shot.run();
        });
    seeds.value(
        "selection-bias-ignored",
        op,
        "chooses by the scores without the bias",
        shot -> {
          if (shot.has("bias")) {
            Edits.zeroInput("bias").spoil(shot);
          } else {
            shot.run();
          }
        });
    seeds.value(
        "tie-to-higher-index",
        op,
        "prefers the higher index of two equal scores",
        MoeMutants::mirrored);
    seeds.value(
        "weights-of-another-expert",
        op,
        "pairs weights and experts wrongly",
        shot -> {
          shot.run();
          Edits.roll(shot.tensor("weights"), -1);
        });
  }

  /** Runs on mirrored experts and mirrors the answer; groups mirror as wholes. */
  private static void mirrored(Shot shot) {
    MoeRouteSpec s = (MoeRouteSpec) shot.spec();
    int experts = Math.toIntExact(s.experts());
    for (String slot : new String[] {"logits", "bias"}) {
      if (shot.has(slot)) {
        Tensor copy = shot.copy(slot);
        Edits.recode(copy, (i, all) -> all[i / experts * experts + experts - 1 - i % experts]);
        shot.replace(slot, copy);
      }
    }
    shot.run();
    Edits.recode(shot.tensor("indices"), (i, all) -> all[i] < 0 ? all[i] : experts - 1 - all[i]);
  }

  private static void orders(Seeds seeds) {
    seeds.value(
        "permute-unstable",
        Op.MOE_PERMUTE,
        "sorts the slots of an expert in reverse",
        shot -> {
          MoePermuteSpec s = (MoePermuteSpec) shot.spec();
          Tensor reversed = shot.copy("indices");
          int count = Math.toIntExact(reversed.shape().elements());
          Edits.recode(reversed, (i, all) -> all[count - 1 - i]);
          shot.replace("indices", reversed);
          shot.run();
          if (s.topK() > 0) {
            Edits.recode(
                shot.tensor("sortedSlots"),
                (i, all) -> all[i] < 0 || all[i] >= count ? all[i] : count - 1 - all[i]);
            Edits.recode(shot.tensor("positions"), (i, all) -> all[count - 1 - i]);
          }
        });
    seeds.value(
        "offsets-shifted",
        Op.MOE_PERMUTE,
        "returns ends where starts are asked for",
        Edits.output("expertOffsets", (i, all) -> all[Math.min(i + 1, all.length - 1)]));
    seeds.value(
        "block-expert-shifted",
        Op.MOE_ALIGN_BLOCK_SIZE,
        "names the next block's expert",
        Edits.output("blockExperts", (i, all) -> all[Math.min(i + 1, all.length - 1)]));
    seeds.value(
        "count-not-padded",
        Op.MOE_ALIGN_BLOCK_SIZE,
        "counts one block too few",
        Edits.output("paddedCount", (i, all) -> all[i] - 1));
    seeds.value(
        "combine-wrong-token",
        Op.MOE_COMBINE,
        "adds up the experts of the next token",
        Edits.rolledInput("positions", 0));
    seeds.value(
        "combine-unweighted",
        Op.MOE_COMBINE,
        "adds expert outputs without their weights",
        shot -> {
          Tensor ones = shot.copy("weights");
          Edits.values(ones, x -> 1);
          shot.replace("weights", ones);
          shot.run();
        });
    seeds.value(
        "combine-drops-shared",
        Op.MOE_COMBINE,
        "leaves out the shared expert",
        shot -> {
          if (shot.has("shared")) {
            shot.replace("shared", null);
          }
          shot.run();
        });
  }

  private static void layers(Seeds seeds) {
    Op op = Op.MOE_FORWARD;
    seeds.value(
        "forward-swapped-experts",
        op,
        "runs every token on the next expert",
        shot -> {
          long experts = ((MoeForwardSpec) shot.spec()).experts();
          Edits.input("indices", (i, all) -> all[i] < 0 ? all[i] : (all[i] + 1) % experts)
              .spoil(shot);
        });
    seeds.value(
        "forward-unweighted",
        op,
        "adds expert outputs without their weights",
        shot -> {
          Tensor ones = shot.copy("weights");
          Edits.values(ones, x -> 1);
          shot.replace("weights", ones);
          shot.run();
        });
    seeds.value(
        "forward-drops-shared",
        op,
        "leaves out the shared expert",
        shot -> {
          if (shot.has("sharedW2") && shot.tensor("sharedW2").layout().plain()) {
            Edits.zeroInput("sharedW2").spoil(shot);
          } else {
            shot.run();
          }
        });
    seeds.value(
        "forward-drops-second-expert",
        op,
        "leaves out the last of a token's experts",
        shot -> {
          int topK = Math.toIntExact(((MoeForwardSpec) shot.spec()).topK());
          Tensor weights = shot.copy("weights");
          Edits.recode(weights, (i, all) -> i % topK == topK - 1 ? 0 : all[i]);
          shot.replace("weights", weights);
          shot.run();
        });
  }
}
