package org.touchstone.tools.architecture.planted.backends;

import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

public final class ReadsProperties {
  private ReadsProperties() {}

  static UnaryOperator<@Nullable String> properties() {
    return System::getProperty;
  }
}
