package org.touchstone.backends.cuda.driver;

/**
 * Options for compiling PTX when a module is loaded.
 *
 * @param maxRegisters registers per thread at most, 0 for the compiler's choice
 * @param logBytes size of the buffers for the compiler's words, 0 for none
 */
public record JitOptions(int maxRegisters, int logBytes) {
  /** The compiler's own choice, with room for what it has to say about an error. */
  public static final JitOptions DEFAULT = new JitOptions(0, 16 * 1024);
}
