/** Reads model checkpoints in the safetensors format, memory-mapped. */
@NullMarked
package org.touchstone.tools.model.safetensors;

import org.jspecify.annotations.NullMarked;
