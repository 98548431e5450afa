package org.touchstone.backends.cuda.sim.ptx;

import org.jspecify.annotations.Nullable;

/**
 * Where an instruction stands.
 *
 * @param ptxLine the line of the PTX text, from 1
 * @param source the {@code file:line} that the last {@code .loc} named, or null
 */
public record SourceLine(int ptxLine, @Nullable String source) {}
