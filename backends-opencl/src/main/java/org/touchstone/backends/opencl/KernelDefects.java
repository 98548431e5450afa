package org.touchstone.backends.opencl;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.touchstone.api.op.Op;
import org.touchstone.backends.opencl.driver.KernelEdit;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.Mutant;
import org.touchstone.backends.spi.MutantSource;

/**
 * The seeded defects of the kernels: edits of their sources, which lie in the resource {@code
 * mutants.txt}. An edit that does not find its place fails when a kernel is built.
 */
public final class KernelDefects implements MutantSource {
  private static final String RESOURCE = "mutants.txt";

  /** Created by the service loader. */
  public KernelDefects() {}

  @Override
  public List<Mutant> mutants() {
    return defects().stream()
        .map(
            defect ->
                new Mutant(
                    defect.name(),
                    defect.ops(),
                    "opencl",
                    defect.caughtBy(),
                    defect.what() + ", " + defect.variant().suffix() + " variant",
                    device -> seed(defect, device)))
        .toList();
  }

  private static BackendDevice seed(KernelDefect defect, BackendDevice device) {
    device
        .unwrap(OpenClDevice.class)
        .orElseThrow(() -> new IllegalStateException("not an OpenCL device: " + device))
        .seed(defect.variant(), defect.edit());
    return device;
  }

  /** Reads the defects. */
  static List<KernelDefect> defects() {
    List<KernelDefect> defects = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (String section : text().split("(?m)^(?=mutant )", -1)) {
      if (section.startsWith("mutant ")) {
        KernelDefect defect = defect(section);
        if (!names.add(defect.name())) {
          throw new IllegalStateException("two defects are named " + defect.name());
        }
        defects.add(defect);
      }
    }
    return List.copyOf(defects);
  }

  private static String text() {
    try (InputStream stream = KernelDefects.class.getResourceAsStream(RESOURCE)) {
      if (stream == null) {
        throw new IllegalStateException("the jar lacks " + RESOURCE);
      }
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static KernelDefect defect(String section) {
    Map<String, String> values = new HashMap<>();
    for (String line : section.lines().map(String::strip).toList()) {
      int space = line.indexOf(' ');
      values.put(
          space < 0 ? line : line.substring(0, space),
          space < 0 ? "" : line.substring(space).strip().replace("\\n", "\n"));
    }
    Set<Op> ops = EnumSet.noneOf(Op.class);
    for (String name : value(values, "ops").split(" ", -1)) {
      ops.addAll(Op.select(name));
    }
    return new KernelDefect(
        value(values, "mutant"),
        value(values, "what"),
        ops,
        Variant.valueOf(value(values, "variant").toUpperCase(Locale.ROOT)),
        Mutant.CaughtBy.valueOf(value(values, "caught")),
        new KernelEdit(value(values, "file"), value(values, "edit"), value(values, "by")));
  }

  private static String value(Map<String, String> values, String key) {
    String value = values.get(key);
    if (value == null) {
      throw new IllegalStateException("no line '" + key + "' in " + values);
    }
    return value;
  }
}
