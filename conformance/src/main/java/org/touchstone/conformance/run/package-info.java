/** Runs cases on devices and looks at everything that a correct kernel leaves alone. */
@NullMarked
package org.touchstone.conformance.run;

import org.jspecify.annotations.NullMarked;
