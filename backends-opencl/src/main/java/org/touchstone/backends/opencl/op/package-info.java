/**
 * Operators, one class each: the support check, the declared traits and the launch; the kernel is a
 * resource of the same name.
 */
@NullMarked
package org.touchstone.backends.opencl.op;

import org.jspecify.annotations.NullMarked;
