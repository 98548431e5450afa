/**
 * The operators: one spec (what is compiled) and one argument record (what varies per launch) each.
 */
@NullMarked
package org.touchstone.api.op;

import org.jspecify.annotations.NullMarked;
