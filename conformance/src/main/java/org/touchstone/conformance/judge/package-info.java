/** Decides element by element whether an output is right. */
@NullMarked
package org.touchstone.conformance.judge;

import org.jspecify.annotations.NullMarked;
