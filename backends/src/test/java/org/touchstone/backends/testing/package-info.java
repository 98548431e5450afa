/** A backend in memory whose every answer a test decides. */
@NullMarked
package org.touchstone.backends.testing;

import org.jspecify.annotations.NullMarked;
