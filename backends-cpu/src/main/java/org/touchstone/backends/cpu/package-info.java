/** The CPU backend: the scalar FP64 reference and the SIMD device. */
@NullMarked
package org.touchstone.backends.cpu;

import org.jspecify.annotations.NullMarked;
