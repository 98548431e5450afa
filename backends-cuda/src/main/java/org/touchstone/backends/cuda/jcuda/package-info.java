/**
 * The driver API through JCuda, and through {@code java.lang.foreign} where JCuda lacks a call.
 *
 * <p>Only {@link org.touchstone.backends.cuda.jcuda.JcudaLoader} may be touched before it said that
 * the driver is there: JCuda's classes fail in their static initialisers without it.
 */
@NullMarked
package org.touchstone.backends.cuda.jcuda;

import org.jspecify.annotations.NullMarked;
