/** Reports as Arrow IPC files. */
@NullMarked
package org.touchstone.tools.arrow;

import org.jspecify.annotations.NullMarked;
