/** A simulator of NVIDIA GPUs that runs PTX text with checks on. */
@NullMarked
package org.touchstone.backends.cuda.sim;

import org.jspecify.annotations.NullMarked;
