/** Other programs that can do the same work, for {@code touchstone bench --peers}. */
@NullMarked
package org.touchstone.tools.peers;

import org.jspecify.annotations.NullMarked;
