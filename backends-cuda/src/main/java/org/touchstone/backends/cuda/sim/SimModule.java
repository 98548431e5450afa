package org.touchstone.backends.cuda.sim;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.touchstone.backends.cuda.sim.exec.Decoder;
import org.touchstone.backends.cuda.sim.exec.Program;
import org.touchstone.backends.cuda.sim.memory.Allocation;
import org.touchstone.backends.cuda.sim.ptx.PtxException;
import org.touchstone.backends.cuda.sim.ptx.PtxFunction;
import org.touchstone.backends.cuda.sim.ptx.PtxText;
import org.touchstone.backends.cuda.sim.ptx.PtxVariable;

/** A module on a simulated device. Immutable but for the memory of its variables. */
public final class SimModule {
  private final SimDevice device;
  private final PtxText text;
  private final Map<String, Program> kernels = new LinkedHashMap<>();
  private final Map<String, Long> addresses = new LinkedHashMap<>();

  SimModule(SimDevice device, String ptx) {
    this.device = device;
    this.text = PtxText.parse(ptx);
    checkTarget();
    for (PtxVariable v : text.variables().values()) {
      if (!v.space().equals("shared")) {
        addresses.put(v.name(), place(v));
      }
    }
    for (PtxVariable v : text.variables().values()) {
      initialise(v);
    }
    for (PtxFunction f : text.functions().values()) {
      if (f.kernel()) {
        kernels.put(f.name(), Decoder.decode(text, f, addresses));
      }
    }
  }

  private void checkTarget() {
    String target = text.target().getFirst();
    String digits = target.replaceAll("\\D", "");
    boolean specific = target.endsWith("a") || target.endsWith("f");
    int wants = digits.isEmpty() ? 0 : Integer.parseInt(digits);
    int has = device.profile().capability();
    if (wants > has || (specific && wants != has)) {
      throw new PtxException(
          1, "the module is for " + target + ", the device is " + device.profile().target());
    }
  }

  private long place(PtxVariable v) {
    if (v.unsized()) {
      throw new PtxException(v.line(), "unsupported external variable " + v.name());
    }
    Allocation a =
        device.memory().allocate(Math.max(v.bytes(), 1), v.name(), v.space().equals("const"));
    if (a == null) {
      throw new PtxException(v.line(), "no device memory for variable " + v.name());
    }
    a.markWritten(0, (int) a.size());
    return a.base();
  }

  private void initialise(PtxVariable v) {
    Long address = addresses.get(v.name());
    if (address == null) {
      return;
    }
    Allocation a = device.range(address, Math.max(v.bytes(), 1), "the initialiser of " + v.name());
    int size = PtxVariable.size(v.type());
    for (int i = 0; i < v.initialiser().size(); i++) {
      long bits = value(v, v.initialiser().get(i), size);
      for (int b = 0; b < size; b++) {
        a.data()[i * size + b] = (byte) (bits >>> (8 * b));
      }
    }
  }

  private long value(PtxVariable v, String element, int size) {
    String name = element.replaceFirst("^generic\\s*\\(\\s*(.*?)\\s*\\)$", "$1");
    int plus = name.indexOf('+');
    Long address = addresses.get(plus < 0 ? name : name.substring(0, plus).strip());
    try {
      if (address != null) {
        return address + (plus < 0 ? 0 : Long.decode(name.substring(plus + 1).strip()));
      }
      return Decoder.literal(element, size == 8);
    } catch (NumberFormatException e) {
      throw new PtxException(v.line(), "unsupported initialiser " + element);
    }
  }

  /** Returns the names of the kernels. */
  public Set<String> kernels() {
    return kernels.keySet();
  }

  /** Returns a kernel. */
  public Program kernel(String name) {
    Program kernel = kernels.get(name);
    if (kernel == null) {
      throw new IllegalArgumentException(
          "no kernel " + name + " in the module, which has " + List.copyOf(kernels.keySet()));
    }
    return kernel;
  }

  /** Returns the address of a global or constant variable, or null. */
  public @Nullable Long address(String variable) {
    return addresses.get(variable);
  }

  /** Returns the parsed text. */
  public PtxText text() {
    return text;
  }

  /** Frees the variables. */
  public void unload() {
    for (Long address : addresses.values()) {
      device.memory().free(address);
    }
    addresses.clear();
  }
}
