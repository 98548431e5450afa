/** Device memory and the shadow state that its checks need. */
@NullMarked
package org.touchstone.backends.cuda.sim.memory;

import org.jspecify.annotations.NullMarked;
