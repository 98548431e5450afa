/**
 * Operators, one class each: the support check, the declared traits and the launch, beside a kernel
 * in a resource of {@code kernels}.
 *
 * <p>To add one, write the class with a static {@code plan(spec, target)}, a line in {@link
 * org.touchstone.backends.opencl.op.Operators} and the kernel, which takes its tensors as a buffer
 * and the offset of the first byte. Both variants live in one source: a group is the unit of work,
 * {@code lanes} are what a work-item handles at once. Sizes and element types are arguments,
 * because every distinct program costs seconds to build; only what a kernel must unroll is an
 * option.
 */
@NullMarked
package org.touchstone.backends.opencl.op;

import org.jspecify.annotations.NullMarked;
