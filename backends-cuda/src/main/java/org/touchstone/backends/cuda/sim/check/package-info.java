/** What the simulator finds wrong with a kernel. */
@NullMarked
package org.touchstone.backends.cuda.sim.check;

import org.jspecify.annotations.NullMarked;
