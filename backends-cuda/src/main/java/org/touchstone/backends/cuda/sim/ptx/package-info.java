/** PTX text, parsed. */
@NullMarked
package org.touchstone.backends.cuda.sim.ptx;

import org.jspecify.annotations.NullMarked;
