/** Tests of runs in worker processes. */
@NullMarked
package org.touchstone.conformance.isolate;

import org.jspecify.annotations.NullMarked;
