package org.touchstone.backends.cuda.sim.ptx;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An instruction as written, its names resolved to the function's.
 *
 * @param guard the predicate register that guards it, or null
 * @param guardNegated whether the guard is negated
 * @param opcode with all modifiers, for example {@code add.rn.ftz.f32}
 * @param operands trimmed; vectors keep their braces, addresses their brackets
 */
public record PtxInstruction(
    SourceLine where,
    @Nullable String guard,
    boolean guardNegated,
    String opcode,
    List<String> operands) {

  /** Copies the operands. */
  public PtxInstruction {
    operands = List.copyOf(operands);
  }

  /** Returns the part of the opcode before the first dot. */
  public String root() {
    int dot = opcode.indexOf('.');
    return dot < 0 ? opcode : opcode.substring(0, dot);
  }

  /** Returns an error at this instruction. */
  public PtxException error(String message) {
    return new PtxException(where.ptxLine(), message + " in \"" + this + "\"");
  }

  @Override
  public String toString() {
    return opcode + " " + String.join(", ", operands);
  }
}
