package org.touchstone.backends.config;

import java.util.List;

/**
 * Declares the settings of a module, found by {@link java.util.ServiceLoader}, so that they are
 * listed with their origin and a misspelt one is noticed.
 */
public interface SettingSource {
  /** Returns the module's settings. */
  List<SettingKey> settings();
}
