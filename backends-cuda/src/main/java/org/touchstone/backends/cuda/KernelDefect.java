package org.touchstone.backends.cuda;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.touchstone.api.op.Op;
import org.touchstone.backends.cuda.sim.exec.Accumulator;
import org.touchstone.backends.spi.Mutant.CaughtBy;

/**
 * A seeded defect of kernels.
 *
 * @param name unique among all defects
 * @param what what is wrong, in one clause
 * @param ops operators that run the kernels
 * @param caughtBy the check that must catch it
 * @param file the file of the snapshot
 * @param kernels names of the kernels
 * @param edits what is changed in each of them
 * @param accumulator how the tensor cores that must show the defect add
 */
record KernelDefect(
    String name,
    String what,
    Set<Op> ops,
    CaughtBy caughtBy,
    String file,
    Pattern kernels,
    List<PtxEdit> edits,
    Accumulator accumulator) {
  /** Copies the collections. */
  KernelDefect {
    ops = Set.copyOf(ops);
    edits = List.copyOf(edits);
  }

  /** Returns the file of the snapshot that the defect is in. */
  PtxSnapshot.Entry entry() {
    return PtxSnapshot.entries().stream()
        .filter(entry -> entry.file().equals(file))
        .findFirst()
        .orElseThrow(
            () -> new IllegalStateException("defect " + name + ": the jar has no file " + file));
  }

  /**
   * Reads a file of the snapshot, with the defect where it has its place.
   *
   * @throws IllegalStateException when the text is not the one that the defect was made for
   */
  byte[] read(PtxSnapshot.Entry entry) {
    byte[] ptx = PtxSnapshot.read(entry);
    if (!entry.file().equals(file)) {
      return ptx;
    }
    try {
      String text = new String(ptx, StandardCharsets.UTF_8);
      return PtxEdit.apply(text, kernels, edits).getBytes(StandardCharsets.UTF_8);
    } catch (IllegalStateException e) {
      throw new IllegalStateException("defect " + name + ": " + e.getMessage(), e);
    }
  }
}
