/** Golden cases as files that any language reads. */
@NullMarked
package org.touchstone.tools.golden;

import org.jspecify.annotations.NullMarked;
