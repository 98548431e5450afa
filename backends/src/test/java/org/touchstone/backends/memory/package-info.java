/** Tests of the package, through its public types. */
@NullMarked
package org.touchstone.backends.memory;

import org.jspecify.annotations.NullMarked;
