package org.touchstone.backends.cuda.sim.check;

import org.jspecify.annotations.Nullable;

/**
 * A defect of a kernel or of the host code that launches it.
 *
 * @param kernel the kernel's name, or null for findings outside a launch
 * @param blockX the block's index, −1 where none is to blame
 * @param warp the warp within the block, −1 where none is to blame
 * @param lane the lane within the warp, −1 where the warp as a whole is to blame
 * @param ptxLine the line of the PTX text, 0 if unknown
 * @param source the source file and line from the PTX text's {@code .loc}, or null
 * @param message what happened, lower case
 */
public record Finding(
    FindingKind kind,
    @Nullable String kernel,
    int blockX,
    int blockY,
    int blockZ,
    int warp,
    int lane,
    int ptxLine,
    @Nullable String source,
    String message) {

  /** Returns a finding that no running block is to blame for. */
  public static Finding host(FindingKind kind, @Nullable String kernel, String message) {
    return new Finding(kind, kernel, -1, -1, -1, -1, -1, 0, null, message);
  }

  /** Returns all of it in one line. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(kind.name()).append(": ").append(message);
    if (kernel != null) {
      text.append("; kernel ").append(kernel);
    }
    if (blockX >= 0) {
      text.append(" block (").append(blockX).append(", ").append(blockY).append(", ");
      text.append(blockZ).append(')');
    }
    if (warp >= 0) {
      text.append(" warp ").append(warp);
    }
    if (lane >= 0) {
      text.append(" lane ").append(lane);
    }
    if (ptxLine > 0) {
      text.append(", ptx line ").append(ptxLine);
    }
    if (source != null) {
      text.append(", ").append(source);
    }
    return text.toString();
  }
}
