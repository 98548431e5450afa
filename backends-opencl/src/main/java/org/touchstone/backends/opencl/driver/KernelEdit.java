package org.touchstone.backends.opencl.driver;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;

/**
 * A change of a kernel source: a text that must occur in it exactly once, and what stands there
 * instead.
 *
 * @param resource name of the source, for example {@code add.cl}; empty for no change
 * @param text what is replaced
 * @param by what replaces it
 */
public record KernelEdit(String resource, String text, String by) {
  /** Leaves every source as it is. */
  public static final KernelEdit NONE = new KernelEdit("", "", "");

  private static final String FOLDER = "/org/touchstone/backends/opencl/kernels/";

  /**
   * Reads a source from the jar, changed where the change is about it.
   *
   * @throws HalException with {@link ErrorCode#INTERNAL} when the source has drifted from what the
   *     change was made for
   */
  public String read(String name) {
    String source = plain(name);
    if (!name.equals(resource)) {
      return source;
    }
    int first = source.indexOf(text);
    if (first < 0 || source.indexOf(text, first + 1) >= 0) {
      throw new HalException(
          ErrorCode.INTERNAL,
          resource + " must have '" + text + "' once, it has it " + (first < 0 ? "never" : "again"),
          null,
          null,
          "bring the seeded defect up to date with the source",
          null);
    }
    return source.substring(0, first) + by + source.substring(first + text.length());
  }

  private static String plain(String resource) {
    try (InputStream stream = KernelEdit.class.getResourceAsStream(FOLDER + resource)) {
      if (stream == null) {
        throw new HalException(
            ErrorCode.INTERNAL, "the kernel source " + resource + " is not in the jar");
      }
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new HalException(
          ErrorCode.INTERNAL,
          "cannot read " + resource + ": " + e,
          null,
          null,
          "repair the jar",
          e);
    }
  }
}
