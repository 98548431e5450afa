/** Checks of a device that are not about the values of one operator. */
@NullMarked
package org.touchstone.conformance.checks;

import org.jspecify.annotations.NullMarked;
