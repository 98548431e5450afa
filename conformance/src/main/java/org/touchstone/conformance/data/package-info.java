/** Reproducible input data from a counter-based generator. */
@NullMarked
package org.touchstone.conformance.data;

import org.jspecify.annotations.NullMarked;
