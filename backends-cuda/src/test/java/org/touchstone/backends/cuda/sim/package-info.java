/** Tests of the simulator. */
@NullMarked
package org.touchstone.backends.cuda.sim;

import org.jspecify.annotations.NullMarked;
