/** Searches sizes of kernels on a device, and keeps none that conformance does not pass. */
@NullMarked
package org.touchstone.conformance.tune;

import org.jspecify.annotations.NullMarked;
