/**
 * Test cases: one generator per operator, registered in {@link
 * org.touchstone.conformance.cases.CaseCatalog}.
 */
@NullMarked
package org.touchstone.conformance.cases;

import org.jspecify.annotations.NullMarked;
