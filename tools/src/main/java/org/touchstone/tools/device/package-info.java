/** What the command line finds out about devices. */
@NullMarked
package org.touchstone.tools.device;

import org.jspecify.annotations.NullMarked;
