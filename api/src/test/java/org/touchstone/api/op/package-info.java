/** Tests of operators' specs, arguments and signatures. */
@NullMarked
package org.touchstone.api.op;

import org.jspecify.annotations.NullMarked;
