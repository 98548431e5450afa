/** Tests of the simulator's command. */
@NullMarked
package org.touchstone.backends.cuda.sim.cli;

import org.jspecify.annotations.NullMarked;
