/** Runs items in processes that may die, and remembers what ran. */
@NullMarked
package org.touchstone.conformance.isolate;

import org.jspecify.annotations.NullMarked;
