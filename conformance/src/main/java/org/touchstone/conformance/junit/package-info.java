/** The suite as JUnit 5 tests, for backends that live elsewhere. */
@NullMarked
package org.touchstone.conformance.junit;

import org.jspecify.annotations.NullMarked;
