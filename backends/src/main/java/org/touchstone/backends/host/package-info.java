/** Reads and writes the elements of tensors in host memory. */
@NullMarked
package org.touchstone.backends.host;

import org.jspecify.annotations.NullMarked;
