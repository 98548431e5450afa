/** Draws random cases, right and wrong ones. */
@NullMarked
package org.touchstone.conformance.fuzz;

import org.jspecify.annotations.NullMarked;
