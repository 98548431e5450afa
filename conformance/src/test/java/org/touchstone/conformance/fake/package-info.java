/** A backend and a reference that only add, so that the suite is tested without real ones. */
@NullMarked
package org.touchstone.conformance.fake;

import org.jspecify.annotations.NullMarked;
