/** What a backend implements and what it gets from the HAL. Programs never see these types. */
@NullMarked
package org.touchstone.backends.spi;

import org.jspecify.annotations.NullMarked;
