package org.touchstone.backends.opencl;

import java.util.List;
import java.util.Locale;
import org.touchstone.backends.opencl.driver.KernelEdit;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.Mutant;
import org.touchstone.backends.spi.MutantList;
import org.touchstone.backends.spi.MutantSource;

/**
 * The seeded defects of the kernels: edits of their sources, which lie in the resource {@code
 * mutants.txt}. An edit that does not find its place fails when a kernel is built.
 */
public final class KernelDefects implements MutantSource {
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
    return MutantList.read(
        KernelDefects.class.getResourceAsStream("mutants.txt"), KernelDefects::defect);
  }

  private static KernelDefect defect(MutantList.Section section) {
    return new KernelDefect(
        section.name(),
        section.what(),
        section.ops(),
        Variant.valueOf(section.value("variant").toUpperCase(Locale.ROOT)),
        section.caughtBy(),
        new KernelEdit(section.value("file"), section.value("edit"), section.value("by")));
  }
}
