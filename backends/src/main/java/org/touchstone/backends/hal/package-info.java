/** The HAL: finds backends, chooses devices, validates and submits work. */
@NullMarked
package org.touchstone.backends.hal;

import org.jspecify.annotations.NullMarked;
