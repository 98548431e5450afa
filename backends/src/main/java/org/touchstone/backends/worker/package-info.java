/**
 * Worker processes: a child JVM that answers requests line by line, and survives nothing, so that
 * its parent survives everything.
 */
@NullMarked
package org.touchstone.backends.worker;

import org.jspecify.annotations.NullMarked;
