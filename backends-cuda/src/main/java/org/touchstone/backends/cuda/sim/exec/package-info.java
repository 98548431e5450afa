/** Decoded instructions and the interpreter that runs them warp by warp. */
@NullMarked
package org.touchstone.backends.cuda.sim.exec;

import org.jspecify.annotations.NullMarked;
