/** Tests of what calls the driver. */
@NullMarked
package org.touchstone.backends.opencl.driver;

import org.jspecify.annotations.NullMarked;
