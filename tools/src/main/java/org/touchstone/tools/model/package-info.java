/** Describes language models, loads their weights onto a device and runs them through the HAL. */
@NullMarked
package org.touchstone.tools.model;

import org.jspecify.annotations.NullMarked;
