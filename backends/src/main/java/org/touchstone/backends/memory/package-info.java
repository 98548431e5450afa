/** Sources of memory that stand between the HAL and a backend: they guard, count and fail. */
@NullMarked
package org.touchstone.backends.memory;

import org.jspecify.annotations.NullMarked;
