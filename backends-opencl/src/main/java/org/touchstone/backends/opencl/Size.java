package org.touchstone.backends.opencl;

import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import org.touchstone.api.op.Op;

/**
 * A size of the tuning table: which values each variant allows, which are worth a trial, and which
 * operators run with it.
 */
public enum Size {
  /** Work-items of a group that shares a row, in every kernel but the matrix product. */
  ROW_GROUP(
      "rows.group",
      Choice.NONE,
      Choice.powersOfTwo(8, 1024, 32, 64, 128, 256, 512),
      "format quantize norm activation rope elementwise attention mla moe sampling"),
  /** Whether sub-groups reduce a row, on devices that have them, or local memory alone. */
  ROW_SUB_GROUPS("rows.subgroups", Choice.NONE, Choice.oneOf(0, 1), "quantize norm moe"),
  /** Elements that a group takes of a tensor that it reads once. */
  STRIP(
      "strip",
      Choice.multiplesOf(16, 1 << 20, 1024, 2048, 4096, 8192, 16384),
      Choice.multiplesOf(16, 1 << 20, 512, 1024, 2048, 4096, 8192),
      "format activation elementwise moe"),
  /** Work-items along each side of a tile of a matrix product. */
  PRODUCT_SIDE("product.side", Choice.NONE, Choice.powersOfTwo(2, 32, 4, 8, 16), "gemm mla moe"),
  /** Rows of a tile of a product with plain weights. */
  PRODUCT_ROWS(
      "product.rows", Choice.multiplesOf(3, 768, 24, 48, 96, 192), Choice.NONE, "gemm mla moe"),
  /** Columns of a tile of a product with plain weights; tiles of 128 have one scale. */
  PRODUCT_PANEL(
      "product.panel", Choice.powersOfTwo(16, 128, 16, 32, 64), Choice.NONE, "gemm mla moe"),
  /** Rows of a tile of a product with packed weights. */
  PACKED_ROWS(
      "product.packed.rows", Choice.multiplesOf(6, 768, 24, 48, 96, 132), Choice.NONE, "gemm moe"),
  /** Keys of a sequence that a group attends to in decoding. */
  ATTENTION_SPLIT(
      "attention.split",
      Choice.multiplesOf(64, 1 << 20, 256, 512, 1024, 2048, 4096),
      Choice.multiplesOf(64, 1 << 20, 128, 256, 512, 1024, 2048),
      "attention_decode_paged mla_decode_absorbed"),
  /** Most rows of a tile of attention. */
  ATTENTION_ROWS(
      "attention.rows",
      Choice.multiplesOf(6, 768, 24, 48, 72, 96),
      Choice.powersOfTwo(1, 32, 2, 4, 8, 16),
      "attention mla"),
  /** Most keys that a tile of attention takes at a time. */
  ATTENTION_KEYS(
      "attention.keys", Choice.powersOfTwo(16, 64, 16, 32, 64), Choice.NONE, "attention mla");

  private final String key;

  @SuppressWarnings("ImmutableEnumChecker") // the record holds nothing that changes
  private final Choice cpu;

  @SuppressWarnings("ImmutableEnumChecker")
  private final Choice gpu;

  private final String names;

  Size(String key, Choice cpu, Choice gpu, String names) {
    this.key = key;
    this.cpu = cpu;
    this.gpu = gpu;
    this.names = names;
  }

  private record Choice(String rule, IntPredicate legal, List<Integer> worthTrying) {
    /** The variant has no such size. */
    static final Choice NONE = new Choice("nothing", value -> false, List.of());

    static Choice powersOfTwo(int least, int most, Integer... worthTrying) {
      return new Choice(
          "a power of two from " + least + " to " + most,
          value -> value >= least && value <= most && Integer.bitCount(value) == 1,
          List.of(worthTrying));
    }

    static Choice oneOf(Integer... values) {
      List<Integer> all = List.of(values);
      return new Choice("one of " + all, all::contains, all);
    }

    static Choice multiplesOf(int step, int most, Integer... worthTrying) {
      return new Choice(
          "a multiple of " + step + " up to " + most,
          value -> value > 0 && value <= most && value % step == 0,
          List.of(worthTrying));
    }
  }

  private Choice choice(Variant variant) {
    return variant == Variant.CPU ? cpu : gpu;
  }

  /** Returns the name in the table, for example {@code rows.group}. */
  public String key() {
    return key;
  }

  /** Returns whether the kernels of a variant have this size. */
  public boolean isOf(Variant variant) {
    return !choice(variant).worthTrying().isEmpty();
  }

  /** Returns whether the kernels of a variant run with a value. */
  public boolean allows(Variant variant, int value) {
    return choice(variant).legal().test(value);
  }

  /** Says which values a variant allows. */
  public String rule(Variant variant) {
    return choice(variant).rule();
  }

  /** Returns the values that a search tries. */
  public List<Integer> worthTrying(Variant variant) {
    return choice(variant).worthTrying();
  }

  /** Returns the operators whose speed depends on it. */
  public Set<Op> ops() {
    Set<Op> ops = EnumSet.noneOf(Op.class);
    for (String name : names.split(" ", -1)) {
      ops.addAll(Op.select(name));
    }
    return Collections.unmodifiableSet(ops);
  }

  /** Finds a size by its name in the table. */
  public static Optional<Size> of(String key) {
    return Arrays.stream(values()).filter(size -> size.key.equals(key)).findFirst();
  }

  /** Names the sizes of a variant. */
  public static String names(Variant variant) {
    return Arrays.stream(values())
        .filter(size -> size.isOf(variant))
        .map(Size::key)
        .collect(Collectors.joining(", "));
  }
}
