/** Configuration: code, then system property, then environment, then file, then default. */
@NullMarked
package org.touchstone.backends.config;

import org.jspecify.annotations.NullMarked;
