@NullMarked
package org.touchstone.backends.spi;

import org.jspecify.annotations.NullMarked;
