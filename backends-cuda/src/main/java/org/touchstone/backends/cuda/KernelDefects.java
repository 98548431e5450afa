package org.touchstone.backends.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.touchstone.api.op.Op;
import org.touchstone.backends.cuda.sim.exec.Accumulator;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.Mutant;
import org.touchstone.backends.spi.MutantSource;

/**
 * The seeded defects of the kernels: edits of the PTX that ships, each run on the simulated device
 * that takes the edited file. An edit that does not find its place fails when it is seeded.
 */
public final class KernelDefects implements MutantSource {
  /** The device whose files are edited. */
  static final String DEVICE = "cuda-sim://sm_89";

  private static final String RESOURCE = "mutants.txt";
  private static final Pattern EDIT = Pattern.compile("(\\d+|all)/(\\d+) (.*)");

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
    List<KernelDefect> defects = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (String section : text().split("(?m)^(?=mutant )", -1)) {
      if (section.startsWith("mutant ")) {
        KernelDefect defect = new Section(section).defect();
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

  /** A defect's lines. */
  private static final class Section {
    private final Map<String, String> values = new HashMap<>();
    private final List<PtxEdit> edits = new ArrayList<>();

    Section(String section) {
      String edit = "";
      for (String line : section.lines().map(String::strip).toList()) {
        int space = line.indexOf(' ');
        String key = space < 0 ? line : line.substring(0, space);
        String value = space < 0 ? "" : line.substring(space).strip();
        switch (key) {
          case "" -> {}
          case "edit" -> edit = value;
          case "by" -> edits.add(edit(edit, value.replace("\\n", "\n").replace("\\t", "\t")));
          default -> values.put(key, value);
        }
      }
    }

    private PtxEdit edit(String edit, String replacement) {
      Matcher parts = EDIT.matcher(edit);
      if (!parts.matches()) {
        throw new IllegalStateException("'by' without 'edit K/N REGEX' in " + values);
      }
      int which = parts.group(1).equals("all") ? 0 : Integer.parseInt(parts.group(1));
      return new PtxEdit(
          Pattern.compile(parts.group(3)), which, Integer.parseInt(parts.group(2)), replacement);
    }

    private String value(String key) {
      String value = values.get(key);
      if (value == null) {
        throw new IllegalStateException("no line '" + key + "' in " + values);
      }
      return value;
    }

    KernelDefect defect() {
      Set<Op> ops = EnumSet.noneOf(Op.class);
      for (Op op : Op.values()) {
        if (List.of(value("ops").split(" ", -1)).contains(op.opName())) {
          ops.add(op);
        }
      }
      return new KernelDefect(
          value("mutant"),
          value("what"),
          ops,
          Mutant.CaughtBy.valueOf(value("caught")),
          value("file"),
          Pattern.compile(value("kernel")),
          edits,
          Accumulator.valueOf(values.getOrDefault("accumulator", "EXACT_FP32")));
    }
  }
}
