package org.touchstone.backends.cuda.op;

import java.util.Arrays;
import java.util.Optional;
import org.touchstone.backends.cuda.CudaContext;
import org.touchstone.backends.cuda.CudaFunction;

/**
 * The table of attention tiles on tensor cores. A block makes 16 rows per row warp, the queries of
 * a sequence and a key head, and takes its keys in pairs of tiles; warps beside each other share
 * the keys of a tile. Heads up to a tile's width run, in steps of 8. Of the tiles that a device has
 * room for, the first that is wide enough serves.
 */
enum AttentionTile {
  /** 40 KiB. */
  ROWS_D64("rows_d64", Work.MANY_ROWS, 64, 64, 64, 4, 64),
  /** 80 KiB. */
  ROWS_D128("rows_d128", Work.MANY_ROWS, 128, 128, 64, 4, 64),
  /** 64 KiB; expanded multi-head latent attention. */
  ROWS_D192_V128("rows_d192_v128", Work.MANY_ROWS, 192, 128, 64, 4, 32),
  /** 96 KiB. */
  ROWS_D256("rows_d256", Work.MANY_ROWS, 256, 256, 64, 4, 32),
  /** 34 KiB. */
  KEYS_D64("keys_d64", Work.FEW_ROWS, 64, 64, 16, 4, 64),
  /** 68 KiB. */
  KEYS_D128("keys_d128", Work.FEW_ROWS, 128, 128, 16, 4, 64),
  /** 72 KiB. */
  KEYS_D256("keys_d256", Work.FEW_ROWS, 256, 256, 16, 2, 32),
  /** 20 KiB. */
  LATENT_C64_H16("c64_h16", Work.LATENT, 128, 64, 16, 4, 32),
  /** 144 KiB; half the heads of DeepSeek-V3, so a token is read twice only. */
  LATENT_C512_H64("c512_h64", Work.LATENT, 576, 512, 64, 8, 32),
  /** 90 KiB. */
  LATENT_C512_H16("c512_h16", Work.LATENT, 576, 512, 16, 8, 32);

  private static final int BF16_BYTES = 2;
  private static final int LATENT_ROWS = 16;

  /** What a tile is made for. */
  enum Work {
    /** Prefill: many queries per sequence. */
    MANY_ROWS,
    /** Decode: few queries per sequence, so that only the keys are left to share. */
    FEW_ROWS,
    /** Absorbed latent attention: the value is the first part of the key. */
    LATENT
  }

  private final String kernel;
  private final Work work;
  private final int queryDim;
  private final int valueDim;
  private final int rows;
  private final int warps;
  private final int keys;

  AttentionTile(
      String kernel, Work work, int queryDim, int valueDim, int rows, int warps, int keys) {
    this.kernel = kernel;
    this.work = work;
    this.queryDim = queryDim;
    this.valueDim = valueDim;
    this.rows = rows;
    this.warps = warps;
    this.keys = keys;
  }

  private boolean holds(long queries, long values) {
    // A latent tile has the rotary part behind the latent one, each at its own place.
    boolean apart = work == Work.LATENT && queries - values > queryDim - valueDim;
    return queries <= queryDim && values <= valueDim && !apart;
  }

  /**
   * Returns the tile for heads of some width on a device.
   *
   * @param heads query heads of a key head, which share the keys that a block brings
   */
  static Optional<AttentionTile> of(
      Work work, long heads, long queryDim, long valueDim, CudaContext context) {
    return Arrays.stream(values())
        .filter(
            tile ->
                tile.work == work
                    && tile.holds(queryDim, valueDim)
                    && (work != Work.LATENT || tile.rows <= Math.max(LATENT_ROWS, heads))
                    && tile.sharedBytes() + tile.staticShared() <= context.sharedPerBlock())
        .findFirst();
  }

  CudaFunction load(CudaContext context) {
    String module = work == Work.LATENT ? "mla_decode_mma" : "attention_mma";
    return context.function(module, "ts_" + module + "_" + kernel, sharedBytes());
  }

  /** Returns the kernel's name for receipts. */
  String label() {
    return "mma." + kernel;
  }

  int rows() {
    return rows;
  }

  int threads() {
    return warps * Launches.WARP;
  }

  /** Returns the most that a kernel has beside its tiles: places, scores and states of rows. */
  private int staticShared() {
    return work == Work.LATENT ? (4 << 10) + 192 * rows : 2 << 10;
  }

  int sharedBytes() {
    int ofToken = work == Work.LATENT ? queryDim : queryDim + valueDim;
    return BF16_BYTES * (rows * queryDim + 2 * keys * ofToken);
  }
}
