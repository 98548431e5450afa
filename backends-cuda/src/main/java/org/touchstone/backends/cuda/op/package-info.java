/** One class per operator: what is supported, what the kernel declares, how it is launched. */
@NullMarked
package org.touchstone.backends.cuda.op;

import org.jspecify.annotations.NullMarked;
