/** Exact arithmetic of the number formats that PTX knows. */
@NullMarked
package org.touchstone.backends.cuda.sim.math;

import org.jspecify.annotations.NullMarked;
