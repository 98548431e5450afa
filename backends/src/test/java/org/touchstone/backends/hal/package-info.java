/** Tests of the HAL through its public interface. */
@NullMarked
package org.touchstone.backends.hal;

import org.jspecify.annotations.NullMarked;
