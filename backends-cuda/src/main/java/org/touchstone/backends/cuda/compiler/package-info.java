/** NVIDIA's run-time compiler, where it is installed, and the sources that it compiles. */
@NullMarked
package org.touchstone.backends.cuda.compiler;

import org.jspecify.annotations.NullMarked;
