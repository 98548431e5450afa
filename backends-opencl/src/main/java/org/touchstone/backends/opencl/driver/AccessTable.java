package org.touchstone.backends.opencl.driver;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Properties;
import org.touchstone.backends.spi.KernelInspector.Access;

/**
 * How the work-items of the gpu variant reach memory together, as {@code access.properties} says.
 * The file holds what a simulator saw; a test compares the two.
 */
final class AccessTable {
  private static final String RESOURCE = "/org/touchstone/backends/opencl/access.properties";
  private static final String NONE = "-";

  private AccessTable() {}

  private static final class Holder {
    static final Properties ROWS = read();

    private Holder() {}

    private static Properties read() {
      Properties rows = new Properties();
      try (InputStream in = AccessTable.class.getResourceAsStream(RESOURCE)) {
        rows.load(in);
      } catch (IOException e) {
        throw new UncheckedIOException(RESOURCE, e);
      }
      return rows;
    }
  }

  /** Returns the row of a kernel function, empty for one that nobody looked at. */
  static Optional<Access> of(String function) {
    return Optional.ofNullable(Holder.ROWS.getProperty(function))
        .map(row -> row.split(" ", 2))
        .map(parts -> new Access(percent(parts[0]), percent(parts[1])));
  }

  private static OptionalInt percent(String text) {
    return text.equals(NONE) ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(text));
  }
}
