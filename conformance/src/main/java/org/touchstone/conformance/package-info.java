/** The conformance suite: cases, oracle, judge, mutants, runner and reports. */
@NullMarked
package org.touchstone.conformance;

import org.jspecify.annotations.NullMarked;
