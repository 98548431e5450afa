/** The simulator on the command line. */
@NullMarked
package org.touchstone.backends.cuda.sim.cli;

import org.jspecify.annotations.NullMarked;
