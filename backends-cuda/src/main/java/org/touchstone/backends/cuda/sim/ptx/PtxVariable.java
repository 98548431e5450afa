package org.touchstone.backends.cuda.sim.ptx;

import java.util.List;

/**
 * A variable in some state space, or a parameter.
 *
 * @param space {@code global}, {@code const}, {@code shared}, {@code local} or {@code param}
 * @param type the element type without its dot, for example {@code f32}
 * @param align in bytes
 * @param bytes the size, 0 for an unsized array (dynamic shared memory)
 * @param initialiser elements as written, empty if there are none
 */
public record PtxVariable(
    int line,
    String space,
    String type,
    String name,
    int align,
    int bytes,
    boolean unsized,
    List<String> initialiser) {

  /** Copies the initialiser. */
  public PtxVariable {
    initialiser = List.copyOf(initialiser);
  }

  /** Returns the same under another name. */
  PtxVariable named(String other) {
    return new PtxVariable(line, space, type, other, align, bytes, unsized, initialiser);
  }

  /** Returns the bytes of an element of the type. */
  public static int size(String type) {
    return switch (type) {
      case "b8", "u8", "s8" -> 1;
      case "b16", "u16", "s16", "f16", "bf16" -> 2;
      case "b32", "u32", "s32", "f32", "f16x2", "bf16x2", "pred" -> 4;
      case "b64", "u64", "s64", "f64" -> 8;
      case "b128" -> 16;
      default -> throw new IllegalArgumentException("unknown type ." + type);
    };
  }
}
