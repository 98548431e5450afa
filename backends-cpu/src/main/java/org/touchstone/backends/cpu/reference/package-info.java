/**
 * The oracle: one class per operator, written to be read beside the formula, FP64 inside, with an
 * error bound for every output element.
 */
@NullMarked
package org.touchstone.backends.cpu.reference;

import org.jspecify.annotations.NullMarked;
