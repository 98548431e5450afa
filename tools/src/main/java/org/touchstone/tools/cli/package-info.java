/** The commands: stdout is data, stderr everything else. */
@NullMarked
package org.touchstone.tools.cli;

import org.jspecify.annotations.NullMarked;
