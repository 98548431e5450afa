package org.touchstone.backends.cuda.sim.memory;

/**
 * Which shadow state memory keeps.
 *
 * @param races who accessed each word
 * @param uninitialised which bytes were written
 */
public record MemoryChecks(boolean races, boolean uninitialised) {}
