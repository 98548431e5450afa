package org.touchstone.backends.cuda;

import java.util.Map;
import java.util.TreeMap;

/**
 * Which driver loads which PTX. Source: the release history of NVIDIA's "Parallel Thread Execution
 * ISA".
 */
final class PtxVersions {
  /** CUDA versions (1000 · major + 10 · minor) by the newest PTX that they know. */
  private static final TreeMap<Integer, Integer> DRIVERS =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry(70, 11000),
              Map.entry(71, 11010),
              Map.entry(72, 11020),
              Map.entry(73, 11030),
              Map.entry(74, 11040),
              Map.entry(75, 11050),
              Map.entry(76, 11060),
              Map.entry(77, 11070),
              Map.entry(78, 11080),
              Map.entry(80, 12000),
              Map.entry(81, 12010),
              Map.entry(82, 12020),
              Map.entry(83, 12030),
              Map.entry(84, 12040),
              Map.entry(85, 12050),
              Map.entry(86, 12070),
              Map.entry(87, 12080),
              Map.entry(88, 12090),
              Map.entry(90, 13000)));

  private PtxVersions() {}

  /** Returns the oldest CUDA version whose driver loads PTX of a version, 10 · major + minor. */
  static int driverFor(int ptxVersion) {
    Map.Entry<Integer, Integer> entry = DRIVERS.ceilingEntry(ptxVersion);
    return entry == null ? Integer.MAX_VALUE : entry.getValue();
  }

  /** Renders a CUDA version as people write it, for example {@code 12.4}. */
  static String render(int version) {
    return version / 1000 + "." + version % 1000 / 10;
  }
}
