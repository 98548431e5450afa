/** The fast CPU device: one class per operator over a few vector kernels. */
@NullMarked
package org.touchstone.backends.cpu.simd;

import org.jspecify.annotations.NullMarked;
