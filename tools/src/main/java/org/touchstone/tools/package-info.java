/** The {@code touchstone} command line. */
@NullMarked
package org.touchstone.tools;

import org.jspecify.annotations.NullMarked;
