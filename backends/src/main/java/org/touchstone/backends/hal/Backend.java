package org.touchstone.backends.hal;

import java.util.Optional;
import org.touchstone.api.BackendReport;
import org.touchstone.backends.spi.BackendProvider;

/**
 * A backend after its probe.
 *
 * @param provider opens its devices; empty when it has none
 * @param report what the probe found
 */
record Backend(Optional<BackendProvider> provider, BackendReport report) {}
