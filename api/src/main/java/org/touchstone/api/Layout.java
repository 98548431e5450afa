package org.touchstone.api;

/**
 * Names how a tensor's elements lie in memory. {@link #PLAIN} is described by shape and strides;
 * every other layout is a backend's own and is made by {@link Device#pack}.
 *
 * @param name stable name, for example {@code cpu.fp8.n64k128}
 */
public record Layout(String name) {
  /** Elements lie where shape and strides say. */
  public static final Layout PLAIN = new Layout("plain");

  /** Checks that the name is a word. */
  public Layout {
    if (!name.matches("[a-z0-9._-]+")) {
      throw new HalException(
          ErrorCode.INVALID_SPEC,
          "layout name '" + name + "' may hold only a-z, 0-9, '.', '_' and '-'");
    }
  }

  /** Returns whether shape and strides describe the layout. */
  public boolean plain() {
    return equals(PLAIN);
  }

  @Override
  public String toString() {
    return name;
  }
}
