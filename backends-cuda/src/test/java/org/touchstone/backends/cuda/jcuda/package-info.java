/** Tests of the package. */
@NullMarked
package org.touchstone.backends.cuda.jcuda;

import org.jspecify.annotations.NullMarked;
