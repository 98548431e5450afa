/** Turns text into tokens and back, generates it and scores it. */
@NullMarked
package org.touchstone.tools.model.text;

import org.jspecify.annotations.NullMarked;
