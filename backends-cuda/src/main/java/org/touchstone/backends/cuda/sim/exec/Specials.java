package org.touchstone.backends.cuda.sim.exec;

import java.util.Set;

/** Special registers: those that keep their value for a block fill a slot when it begins. */
final class Specials {
  private static final Set<String> KNOWN =
      Set.of(
          "%tid.x",
          "%tid.y",
          "%tid.z",
          "%ntid.x",
          "%ntid.y",
          "%ntid.z",
          "%ctaid.x",
          "%ctaid.y",
          "%ctaid.z",
          "%nctaid.x",
          "%nctaid.y",
          "%nctaid.z",
          "%laneid",
          "%warpid",
          "%nwarpid",
          "%lanemask_eq",
          "%lanemask_lt",
          "%lanemask_le",
          "%lanemask_gt",
          "%lanemask_ge",
          "%smid",
          "%nsmid",
          "%gridid",
          "%dynamic_smem_size",
          "%total_smem_size",
          "%cluster_ctaid.x",
          "%cluster_ctaid.y",
          "%cluster_ctaid.z",
          "%cluster_nctaid.x",
          "%cluster_nctaid.y",
          "%cluster_nctaid.z",
          "%cluster_ctarank",
          "%cluster_nctarank",
          "WARP_SZ");

  private Specials() {}

  static boolean known(String name) {
    return KNOWN.contains(name);
  }

  static void fill(Warp w, Launch launch, Block block) {
    for (Program.Special s : launch.program().specials()) {
      for (int l = 0; l < 32; l++) {
        w.r[s.slot() + l] = value(s.name(), w.id * 32 + l, l, launch, block);
      }
    }
  }

  private static int value(String name, int thread, int lane, Launch launch, Block block) {
    LaunchConfig c = launch.config();
    return switch (name) {
      case "%tid.x" -> thread % c.blockX();
      case "%tid.y" -> thread / c.blockX() % c.blockY();
      case "%tid.z" -> thread / c.blockX() / c.blockY();
      case "%ntid.x" -> c.blockX();
      case "%ntid.y" -> c.blockY();
      case "%ntid.z" -> c.blockZ();
      case "%ctaid.x" -> block.x;
      case "%ctaid.y" -> block.y;
      case "%ctaid.z" -> block.z;
      case "%nctaid.x" -> c.gridX();
      case "%nctaid.y" -> c.gridY();
      case "%nctaid.z" -> c.gridZ();
      case "%laneid" -> lane;
      case "%warpid" -> thread / 32;
      case "%nwarpid" -> block.warpCount();
      case "%lanemask_eq" -> 1 << lane;
      case "%lanemask_lt" -> (1 << lane) - 1;
      case "%lanemask_le" -> (2 << lane) - 1;
      case "%lanemask_gt" -> -(2 << lane);
      case "%lanemask_ge" -> -(1 << lane);
      case "%smid" -> (block.x + c.gridX() * (block.y + c.gridY() * block.z)) % launch.processors();
      case "%nsmid" -> launch.processors();
      case "%gridid" -> launch.number();
      case "%dynamic_smem_size" -> c.dynamicShared();
      case "%total_smem_size" -> block.shared.length;
      // Without a cluster launch every block is a cluster of its own.
      case "%cluster_ctaid.x", "%cluster_ctaid.y", "%cluster_ctaid.z", "%cluster_ctarank" -> 0;
      case "%cluster_nctaid.x", "%cluster_nctaid.y", "%cluster_nctaid.z", "%cluster_nctarank" -> 1;
      case "WARP_SZ" -> 32;
      default -> throw new IllegalStateException("special register " + name);
    };
  }
}
