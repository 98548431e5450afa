/** Measures which wrong kernels pass which rules, this suite's included. */
@NullMarked
package org.touchstone.tools.experiment;

import org.jspecify.annotations.NullMarked;
