/** The host side on a stand-in for a driver, which fails as it is told. */
@NullMarked
package org.touchstone.backends.opencl.standin;

import org.jspecify.annotations.NullMarked;
