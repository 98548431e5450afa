package org.touchstone.backends.hal;

import java.util.Optional;
import org.touchstone.api.Decision;
import org.touchstone.api.DeviceInfo;

/**
 * The result of a selection.
 *
 * @param decision every candidate
 * @param device what was chosen
 * @param fallback what was demanded instead and why it could not be had, when this is a fallback
 */
record Choice(Decision decision, Optional<DeviceInfo> device, Optional<String> fallback) {}
