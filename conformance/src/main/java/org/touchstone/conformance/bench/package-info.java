/** Times operators at the sizes of released models, beside what the hardware can do at best. */
@NullMarked
package org.touchstone.conformance.bench;

import org.jspecify.annotations.NullMarked;
