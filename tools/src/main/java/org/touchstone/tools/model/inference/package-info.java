/** Runs a model on one device: weights, recorded programs, the key-value cache. */
@NullMarked
package org.touchstone.tools.model.inference;

import org.jspecify.annotations.NullMarked;
