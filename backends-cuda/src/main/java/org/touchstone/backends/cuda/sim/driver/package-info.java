/** The CUDA driver API on simulated devices. */
@NullMarked
package org.touchstone.backends.cuda.sim.driver;

import org.jspecify.annotations.NullMarked;
