/** A device that crashes, hangs and exhausts memory, and the runs that survive it. */
@NullMarked
package org.touchstone.tools.hazard;

import org.jspecify.annotations.NullMarked;
