/** The backend SPI and the services that backends share. */
@NullMarked
package org.touchstone.backends;

import org.jspecify.annotations.NullMarked;
