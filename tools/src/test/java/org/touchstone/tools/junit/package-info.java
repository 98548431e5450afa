/** The suite as a third party's tests. */
@NullMarked
package org.touchstone.tools.junit;

import org.jspecify.annotations.NullMarked;
