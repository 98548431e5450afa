package org.touchstone.backends.opencl;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.touchstone.api.HalOptions;
import org.touchstone.backends.Backends;
import org.touchstone.backends.opencl.driver.Oclgrind;
import org.touchstone.backends.spi.BackendContext;
import org.touchstone.backends.spi.NativeLibraries;
import org.touchstone.backends.spi.WorkerProfile;

/**
 * Makes a worker process in which Oclgrind is the only OpenCL driver, with every check turned on.
 * It reads its settings when it is loaded and reports on stderr.
 */
public final class OclgrindProfile implements WorkerProfile {
  /**
   * Registers the library by its bare name; the loader's path leads to it. Its folder cannot be a
   * package, whose files a module would keep to itself.
   */
  private static final String REGISTRATION =
      "/org/touchstone/backends/opencl/native/oclgrind/oclgrind.icd";

  private static final String LIBRARY_PATH = "LD_LIBRARY_PATH";

  /** Its interpreter is a thousand times slower than a compiler's code. */
  private static final long MOST_ELEMENTS = 3000;

  /** First lines of its reports, then the lines in them that say where. */
  private static final List<Pattern> FINDINGS =
      List.of(
          Pattern.compile("^Invalid (read|write) of size"),
          Pattern.compile("data race at (local|global) memory address"),
          Pattern.compile("[Uu]ninitialized (address|value|index value)"),
          Pattern.compile("^Work-group divergence detected"),
          Pattern.compile("^\\s+Kernel: "),
          Pattern.compile("^\\s+At line \\d+"));

  /** Created by the service loader. */
  public OclgrindProfile() {}

  @Override
  public boolean appliesTo(String deviceUri) {
    return deviceUri.equals(Oclgrind.URI);
  }

  @Override
  public Map<String, String> environment() {
    BackendContext context = Backends.context(HalOptions.DEFAULT);
    NativeLibraries libraries = context.nativeLibraries();
    Map<String, String> variables = new TreeMap<>();
    variables.put("OCLGRIND_DATA_RACES", "1");
    variables.put("OCLGRIND_UNINITIALIZED", "1");
    variables.put("OCLGRIND_CHECK_API", "1");
    // It falls silent after so many reports, and a later case would pass unseen.
    variables.put("OCLGRIND_MAX_ERRORS", "1000000000");
    Optional<Path> library = OpenClSettings.oclgrind(context);
    if (library.isPresent()) {
      Path folder = library.get().toAbsolutePath().getParent();
      Path registration = libraries.unpack(OclgrindProfile.class, REGISTRATION);
      variables.put("OCL_ICD_VENDORS", String.valueOf(registration.getParent()));
      variables.put("OCL_ICD_FILENAMES", "");
      String before = context.configuration().systemVariable(LIBRARY_PATH).orElse("");
      variables.put(LIBRARY_PATH, folder + (before.isEmpty() ? "" : ":" + before));
    }
    return variables;
  }

  @Override
  public List<String> jvmArguments() {
    return List.of();
  }

  @Override
  public List<Pattern> findings() {
    return FINDINGS;
  }

  @Override
  public OptionalLong mostElements() {
    return OptionalLong.of(MOST_ELEMENTS);
  }
}
