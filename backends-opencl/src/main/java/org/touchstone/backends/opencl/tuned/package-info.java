/** Sizes that were found on a device, as JSON. */
@NullMarked
package org.touchstone.backends.opencl.tuned;

import org.jspecify.annotations.NullMarked;
