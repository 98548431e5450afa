/** Tests of the backend. */
@NullMarked
package org.touchstone.backends.opencl;

import org.jspecify.annotations.NullMarked;
