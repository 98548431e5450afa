package org.touchstone.backends.cuda.sim;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.touchstone.backends.cuda.sim.exec.LaunchConfig;
import org.touchstone.backends.cuda.sim.exec.LaunchReport;
import org.touchstone.backends.cuda.sim.exec.Options;
import org.touchstone.backends.cuda.sim.exec.Program;

/** Writes small kernels and runs them. */
final class Kernels {
  private Kernels() {}

  /**
   * Returns a module with a kernel {@code k} whose parameters are addresses {@code p0}, {@code p1},
   * …
   */
  static String module(int addresses, String body) {
    StringBuilder parameters = new StringBuilder();
    for (int i = 0; i < addresses; i++) {
      parameters.append(i == 0 ? "" : ", ").append(".param .u64 p").append(i);
    }
    return """
        .version 8.6
        .target sm_80
        .address_size 64
        .visible .entry k(%s)
        {
        .reg .pred %%p<16>;
        .reg .b16 %%h<32>;
        .reg .b32 %%r<64>;
        .reg .f32 %%f<64>;
        .reg .b64 %%rd<32>;
        .reg .f64 %%fd<16>;
        %s
        }
        """
        .formatted(parameters, body);
  }

  static SimDevice device() {
    return device(Options.DEFAULT);
  }

  static SimDevice device(Options options) {
    return new SimDevice(DeviceProfile.of("sm_120").orElseThrow(), options);
  }

  static LaunchReport run(SimDevice device, String ptx, LaunchConfig config, long... addresses) {
    Program kernel = device.load(ptx).kernel("k");
    ParameterBytes parameters = new ParameterBytes(kernel);
    for (long address : addresses) {
      parameters.add(address);
    }
    return device.launch(kernel, config, parameters.bytes());
  }

  static long upload(SimDevice device, int... words) {
    ByteBuffer bytes = ByteBuffer.allocate(words.length * 4).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asIntBuffer().put(words);
    long address = device.allocate(words.length * 4L);
    device.write(address, bytes.array(), 0, words.length * 4);
    return address;
  }

  static long upload(SimDevice device, long... words) {
    ByteBuffer bytes = ByteBuffer.allocate(words.length * 8).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asLongBuffer().put(words);
    long address = device.allocate(words.length * 8L);
    device.write(address, bytes.array(), 0, words.length * 8);
    return address;
  }

  static int[] ints(SimDevice device, long address, int count) {
    byte[] bytes = new byte[count * 4];
    device.read(address, bytes, 0, bytes.length);
    int[] out = new int[count];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(out);
    return out;
  }

  static long[] longs(SimDevice device, long address, int count) {
    byte[] bytes = new byte[count * 8];
    device.read(address, bytes, 0, bytes.length);
    long[] out = new long[count];
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer().get(out);
    return out;
  }
}
