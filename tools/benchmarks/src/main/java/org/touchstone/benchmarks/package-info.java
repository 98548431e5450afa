/** JMH benchmarks of the CPU micro-kernels, one class per family. */
@NullMarked
package org.touchstone.benchmarks;

import org.jspecify.annotations.NullMarked;
