/** Files that are kept between runs: compiled kernels and unpacked libraries. */
@NullMarked
package org.touchstone.backends.files;

import org.jspecify.annotations.NullMarked;
