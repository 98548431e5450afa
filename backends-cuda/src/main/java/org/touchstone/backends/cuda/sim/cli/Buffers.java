package org.touchstone.backends.cuda.sim.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.touchstone.backends.cuda.sim.ParameterBytes;
import org.touchstone.backends.cuda.sim.SimDevice;
import org.touchstone.backends.cuda.sim.exec.Program;

/**
 * Makes a kernel's parameters of what the command line says, and the buffers that they point to.
 */
final class Buffers {
  private record Output(long address, int bytes, Path file) {}

  private final SimDevice device;
  private final ParameterBytes parameters;
  private final List<Output> outputs = new ArrayList<>();

  Buffers(SimDevice device, Program kernel) {
    this.device = device;
    this.parameters = new ParameterBytes(kernel);
  }

  /** Adds a parameter, for example {@code i32:5} or {@code in:FILE}. */
  void add(String argument) {
    int colon = argument.indexOf(':');
    String kind = colon < 0 ? argument : argument.substring(0, colon);
    String value = argument.substring(colon + 1);
    try {
      switch (kind) {
        case "i32" -> parameters.add(Integer.decode(value).intValue());
        case "i64" -> parameters.add(Long.decode(value).longValue());
        case "f32" -> parameters.add(Float.parseFloat(value));
        case "f64" -> parameters.add(Double.doubleToRawLongBits(Double.parseDouble(value)));
        case "struct" -> parameters.add(Files.readAllBytes(Path.of(value)));
        case "in" -> parameters.add(filled(Files.readAllBytes(Path.of(value))));
        case "zero" -> parameters.add(filled(new byte[Integer.parseInt(value)]));
        case "raw" -> parameters.add(device.allocate(Long.parseLong(value)));
        case "out" -> parameters.add(output(argument, value));
        default -> throw new IllegalArgumentException("unknown kind of argument " + argument);
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("no number in the argument " + argument, e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private long filled(byte[] bytes) {
    long address = device.allocate(Math.max(bytes.length, 1));
    device.write(address, bytes, 0, bytes.length);
    return address;
  }

  private long output(String argument, String value) {
    int colon = value.indexOf(':');
    if (colon < 0) {
      throw new IllegalArgumentException("expected out:BYTES:FILE, got " + argument);
    }
    int bytes = Integer.parseInt(value.substring(0, colon));
    long address = filled(new byte[bytes]);
    outputs.add(new Output(address, bytes, Path.of(value.substring(colon + 1))));
    return address;
  }

  byte[] parameters() {
    return parameters.bytes();
  }

  void writeFiles() throws IOException {
    for (Output o : outputs) {
      byte[] bytes = new byte[o.bytes()];
      device.read(o.address(), bytes, 0, bytes.length);
      Files.write(o.file(), bytes);
    }
  }
}
