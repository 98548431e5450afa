/** Tests of the interface that programs compile against. */
@NullMarked
package org.touchstone.api;

import org.jspecify.annotations.NullMarked;
