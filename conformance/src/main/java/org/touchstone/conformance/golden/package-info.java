/** Cases for those who cannot run the suite: inputs and expectations go out, outputs come back. */
@NullMarked
package org.touchstone.conformance.golden;

import org.jspecify.annotations.NullMarked;
