/** What is known not to work on a backend, so that it is told from what broke. */
@NullMarked
package org.touchstone.conformance.expect;

import org.jspecify.annotations.NullMarked;
