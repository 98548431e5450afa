/**
 * Bit-exact number formats: scalar floating-point formats, block scales, nibble packing and the
 * layouts of scale tensors.
 *
 * <p>{@link org.touchstone.api.format.FloatFormat} is the exact description of a format and the
 * yardstick for everything else; {@link Bf16}, {@link F16}, {@link Fp8}, {@link E8m0} and {@link
 * E2m1} are the fast codecs for hot loops and agree with it bit for bit. Everything in this package
 * is immutable or stateless and may be used from any thread.
 */
@NullMarked
package org.touchstone.api.format;

import org.jspecify.annotations.NullMarked;
