package org.touchstone.backends.cuda.sim.ptx;

import java.util.List;
import java.util.Map;

/**
 * A parsed PTX module.
 *
 * @param version for example {@code 8.4}
 * @param target for example {@code sm_89}
 * @param variables those of module scope by name
 * @param functions kernels and device functions by name
 */
public record PtxText(
    String version,
    List<String> target,
    Map<String, PtxVariable> variables,
    Map<String, PtxFunction> functions) {

  /**
   * Parses PTX text.
   *
   * @throws PtxException naming the line that cannot be read
   */
  public static PtxText parse(String text) {
    return new PtxParser(text).module();
  }
}
