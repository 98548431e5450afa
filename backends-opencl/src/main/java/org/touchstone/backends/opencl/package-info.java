/** The OpenCL backend. */
@NullMarked
package org.touchstone.backends.opencl;

import org.jspecify.annotations.NullMarked;
