/** Runs the host code over JCuda against a stand-in for the driver, in a JVM of its own. */
@NullMarked
package org.touchstone.backends.cuda.standin;

import org.jspecify.annotations.NullMarked;
