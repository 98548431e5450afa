/**
 * Seeded defects: the suite must catch every one. They wrap the kernels of any device that works on
 * host memory.
 */
@NullMarked
package org.touchstone.conformance.mutants;

import org.jspecify.annotations.NullMarked;
