/**
 * Calls OpenCL: the only package that touches JOCL. Everything that the driver hands out is counted
 * and released.
 */
@NullMarked
package org.touchstone.backends.opencl.driver;

import org.jspecify.annotations.NullMarked;
