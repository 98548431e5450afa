/** Tests of the package, through its public types. */
@NullMarked
package org.touchstone.backends.worker;

import org.jspecify.annotations.NullMarked;
