/**
 * The CUDA driver API as one Java interface, {@link
 * org.touchstone.backends.cuda.driver.CudaDriver}, and the nouns that it speaks of. The backend's
 * host code calls nothing else, so that a real driver and a simulator are exchanged for each other
 * without a word of difference above this package.
 */
@NullMarked
package org.touchstone.backends.cuda.driver;

import org.jspecify.annotations.NullMarked;
