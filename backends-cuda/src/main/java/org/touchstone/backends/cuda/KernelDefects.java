package org.touchstone.backends.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.touchstone.backends.cuda.sim.exec.Accumulator;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.Mutant;
import org.touchstone.backends.spi.MutantList;
import org.touchstone.backends.spi.MutantSource;

/**
 * The seeded defects of the kernels: edits of the PTX that ships, each run on the simulated device
 * that takes the edited file. An edit that does not find its place fails when it is seeded.
 */
public final class KernelDefects implements MutantSource {
  /** The device whose files are edited. */
  static final String DEVICE = "cuda-sim://sm_89";

  private static final Pattern EDIT = Pattern.compile("(\\d+|all)/(\\d+) (.*)", Pattern.DOTALL);

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
                    DEVICE,
                    defect.caughtBy(),
                    defect.what(),
                    device -> seed(defect, device)))
        .toList();
  }

  private static BackendDevice seed(KernelDefect defect, BackendDevice device) {
    CudaDevice real =
        device
            .unwrap(CudaDevice.class)
            .orElseThrow(() -> new IllegalStateException("not a CUDA device: " + device));
    if (defect.accumulator() == Accumulator.EXACT_FP32) {
      real.edit(defect::read);
      return device;
    }
    device.close();
    CudaDevice other = CudaSimProvider.simulate(DEVICE, defect.accumulator());
    other.edit(defect::read);
    return other;
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
        section.caughtBy(),
        section.value("file"),
        Pattern.compile(section.value("kernel")),
        edits(section),
        Accumulator.valueOf(section.value("accumulator", "EXACT_FP32")));
  }

  private static List<PtxEdit> edits(MutantList.Section section) {
    List<PtxEdit> edits = new ArrayList<>();
    String edit = "";
    for (MutantList.Line line : section.lines()) {
      if (line.key().equals("edit")) {
        edit = line.text();
      } else if (line.key().equals("by")) {
        edits.add(edit(section, edit, line.text()));
      }
    }
    return edits;
  }

  private static PtxEdit edit(MutantList.Section section, String edit, String replacement) {
    Matcher parts = EDIT.matcher(edit);
    if (!parts.matches()) {
      throw new IllegalStateException("'by' without 'edit K/N REGEX' in " + section.name());
    }
    int which = parts.group(1).equals("all") ? 0 : Integer.parseInt(parts.group(1));
    return new PtxEdit(
        Pattern.compile(parts.group(3)), which, Integer.parseInt(parts.group(2)), replacement);
  }
}
