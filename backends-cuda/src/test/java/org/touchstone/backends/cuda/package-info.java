/** Tests of the backend. */
@NullMarked
package org.touchstone.backends.cuda;

import org.jspecify.annotations.NullMarked;
