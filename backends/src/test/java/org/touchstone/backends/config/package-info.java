/** Tests of the package. */
@NullMarked
package org.touchstone.backends.config;

import org.jspecify.annotations.NullMarked;
