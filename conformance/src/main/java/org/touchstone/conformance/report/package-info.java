/** Writes a report for people and for machines. */
@NullMarked
package org.touchstone.conformance.report;

import org.jspecify.annotations.NullMarked;
