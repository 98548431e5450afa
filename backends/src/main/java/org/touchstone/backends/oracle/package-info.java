/**
 * The contract between the conformance suite and the reference that computes expected values and
 * error bounds.
 */
@NullMarked
package org.touchstone.backends.oracle;

import org.jspecify.annotations.NullMarked;
