/** Tests of the package. */
@NullMarked
package org.touchstone.backends.files;

import org.jspecify.annotations.NullMarked;
