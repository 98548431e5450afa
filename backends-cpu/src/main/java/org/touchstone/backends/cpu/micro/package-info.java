/**
 * Micro-kernels: the arithmetic of {@code cpu://simd} behind one interface, and its native
 * provider.
 */
@NullMarked
package org.touchstone.backends.cpu.micro;

import org.jspecify.annotations.NullMarked;
