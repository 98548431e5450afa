/** The hardware abstraction layer: devices, queues, buffers, tensors and operators. */
@NullMarked
package org.touchstone.api;

import org.jspecify.annotations.NullMarked;
