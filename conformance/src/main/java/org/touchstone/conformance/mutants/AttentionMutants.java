package org.touchstone.conformance.mutants;

import java.util.function.LongUnaryOperator;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.AttentionDecodePagedSpec;
import org.touchstone.api.op.AttentionMask;
import org.touchstone.api.op.AttentionPrefillSpec;
import org.touchstone.api.op.MlaDecodeAbsorbedSpec;
import org.touchstone.api.op.MlaPrefillSpec;
import org.touchstone.api.op.Op;
import org.touchstone.backends.host.HostTensors;

/** Defects of attention and its caches. */
final class AttentionMutants {
  private AttentionMutants() {}

  static void addTo(Seeds seeds) {
    prefill(seeds);
    decode(seeds);
    latent(seeds);
  }

  private static AttentionPrefillSpec with(
      AttentionPrefillSpec s, float scale, AttentionMask mask, float softcap) {
    return new AttentionPrefillSpec(
        s.dtype(),
        s.output(),
        s.heads(),
        s.kvHeads(),
        s.headDim(),
        s.valueDim(),
        scale,
        mask,
        softcap,
        s.sink(),
        s.packing(),
        s.numerics());
  }

  private static AttentionDecodePagedSpec with(AttentionDecodePagedSpec s, AttentionMask mask) {
    return new AttentionDecodePagedSpec(
        s.dtype(),
        s.cache(),
        s.output(),
        s.heads(),
        s.kvHeads(),
        s.headDim(),
        s.valueDim(),
        s.pageSize(),
        s.scale(),
        mask,
        s.softcap(),
        s.sink(),
        s.numerics());
  }

  /** One key too few at the end of every query's range: a window of one less, kept causal. */
  private static AttentionMask shorter(AttentionMask mask) {
    return mask.window() > 1 ? AttentionMask.window(mask.window() - 1) : mask;
  }

  private static AttentionMask longer(AttentionMask mask) {
    return mask.window() > 0 ? AttentionMask.window(mask.window() + 1) : mask;
  }

  private static void prefill(Seeds seeds) {
    Op op = Op.ATTENTION_PREFILL;
    seeds.value(
        "mask-ignored",
        op,
        "lets every query see every key",
        shot -> {
          AttentionPrefillSpec s = (AttentionPrefillSpec) shot.spec();
          shot.replaceSpec(with(s, s.scale(), AttentionMask.NONE, s.softcap()));
          shot.run();
        });
    seeds.value(
        "mask-off-by-one", op, "hides a query's own key from it", AttentionMutants::shiftedKeys);
    seeds.value(
        "window-one-too-long",
        op,
        "lets the window reach one key too far",
        shot -> {
          AttentionPrefillSpec s = (AttentionPrefillSpec) shot.spec();
          shot.replaceSpec(with(s, s.scale(), longer(s.mask()), s.softcap()));
          shot.run();
        });
    seeds.value(
        "wrong-kv-head",
        op,
        "reads the keys of the next key-value head",
        shot -> {
          Edits.rolledInput("k", -2).spoil(shot);
        });
    seeds.value(
        "softcap-ignored",
        op,
        "does not cap the scores",
        shot -> {
          AttentionPrefillSpec s = (AttentionPrefillSpec) shot.spec();
          shot.replaceSpec(with(s, s.scale(), s.mask(), 0));
          shot.run();
        });
    seeds.value(
        "scale-of-another-head-dim",
        op,
        "scales scores for a head dimension larger by a quarter",
        shot -> {
          AttentionPrefillSpec s = (AttentionPrefillSpec) shot.spec();
          shot.replaceSpec(with(s, s.scale() * 0.894427f, s.mask(), s.softcap()));
          shot.run();
        });
    seeds.value(
        "sink-applied-twice",
        op,
        "adds the sink to the denominator twice",
        shot -> {
          if (shot.has("sinks")) {
            Tensor sinks = shot.copy("sinks");
            Edits.values(sinks, x -> x + Math.log(2));
            shot.replace("sinks", sinks);
          }
          shot.run();
        });
  }

  /** Replaces every query's own key by the one before it. */
  private static void shiftedKeys(Shot shot) {
    AttentionPrefillSpec s = (AttentionPrefillSpec) shot.spec();
    if (s.mask().kind() == AttentionMask.Kind.CAUSAL) {
      Edits.rolledInput("v", s.packing() == AttentionPrefillSpec.Packing.PADDED ? 1 : 0)
          .spoil(shot);
    } else {
      shot.run();
    }
  }

  private static void decode(Seeds seeds) {
    Op op = Op.ATTENTION_DECODE_PAGED;
    seeds.value(
        "wrong-page", op, "reads the next entry of the block table", AttentionMutants::nextPage);
    seeds.value("reads-past-length", op, "sees one key more than the sequence has", lengthPlus(1));
    seeds.value("misses-last-key", op, "sees one key less than the sequence has", lengthPlus(-1));
    seeds.value(
        "window-one-too-short",
        op,
        "lets the window end one key early",
        shot -> {
          AttentionDecodePagedSpec s = (AttentionDecodePagedSpec) shot.spec();
          shot.replaceSpec(with(s, shorter(s.mask())));
          shot.run();
        });
    seeds.value(
        "wrong-value-head",
        op,
        "reads the values of the next key-value head",
        Edits.rolledInput("vCache", -2));
    seeds.value(
        "cache-slot-off-by-one",
        Op.KV_CACHE_WRITE,
        "writes every token one slot too far",
        shot -> {
          Tensor cache = shot.tensor("keyCache");
          long slots = cache.dim(0) * cache.dim(1);
          LongUnaryOperator next = slot -> slot < 0 ? slot : (slot + 1) % Math.max(1, slots);
          Edits.input("slotMapping", (i, all) -> next.applyAsLong(all[i])).spoil(shot);
        });
    seeds.value(
        "cache-key-as-value", Op.KV_CACHE_WRITE, "ignores the values", Edits.zeroInput("value"));
  }

  private static void nextPage(Shot shot) {
    Tensor table = shot.copy("blockTable");
    int width = Math.toIntExact(table.dim(-1));
    long pages = shot.tensor(shot.has("kCache") ? "kCache" : "kvCache").dim(0);
    Edits.recode(
        table,
        (i, all) -> {
          long next = all[i / width * width + (i % width + 1) % width];
          return next >= 0 && next < pages ? next : all[i];
        });
    shot.replace("blockTable", table);
    shot.run();
  }

  private static Defect lengthPlus(int change) {
    return shot -> {
      Tensor lengths = shot.copy("seqLens");
      long queries = shot.tensor("q").dim(1);
      long capacity = shot.tensor("blockTable").dim(-1) * shot.tensor("kCache").dim(1);
      long[] table = HostTensors.codes(shot.tensor("blockTable"));
      boolean allPages = java.util.Arrays.stream(table).allMatch(page -> page >= 0);
      Edits.recode(
          lengths,
          (i, all) -> {
            long changed = all[i] + change;
            boolean legal = changed >= queries && (changed <= capacity && (change < 0 || allPages));
            return legal ? changed : all[i];
          });
      shot.replace("seqLens", lengths);
      shot.run();
    };
  }

  private static void latent(Seeds seeds) {
    seeds.value(
        "mla-rope-dropped",
        Op.MLA_PREFILL,
        "leaves the rotary part out of the scores",
        Edits.zeroInput("qRope"));
    seeds.value(
        "mla-mask-ignored",
        Op.MLA_PREFILL,
        "lets every query see every key",
        shot -> {
          MlaPrefillSpec s = (MlaPrefillSpec) shot.spec();
          shot.replaceSpec(
              new MlaPrefillSpec(
                  s.dtype(),
                  s.weight(),
                  s.output(),
                  s.dims(),
                  s.scale(),
                  AttentionMask.NONE,
                  s.numerics()));
          shot.run();
        });
    seeds.value(
        "mla-scale-without-rope",
        Op.MLA_DECODE_ABSORBED,
        "scales scores for the part without positions only",
        shot -> {
          MlaDecodeAbsorbedSpec s = (MlaDecodeAbsorbedSpec) shot.spec();
          double whole = s.dims().nopeDim() + s.dims().ropeDim();
          float scale = (float) (s.scale() * Math.sqrt(whole / s.dims().nopeDim()));
          shot.replaceSpec(
              new MlaDecodeAbsorbedSpec(
                  s.dtype(),
                  s.cache(),
                  s.weight(),
                  s.output(),
                  s.dims(),
                  s.pageSize(),
                  scale,
                  s.mask(),
                  s.numerics()));
          shot.run();
        });
    seeds.value(
        "mla-wrong-page",
        Op.MLA_DECODE_ABSORBED,
        "reads the next entry of the block table",
        AttentionMutants::nextPage);
  }
}
