package org.touchstone.backends.cuda.sim;

import java.util.Arrays;
import org.touchstone.backends.cuda.sim.exec.LaunchConfig;
import org.touchstone.backends.cuda.sim.exec.Options;

/** Runs a few instructions on many operands, one thread each. */
final class InstructionRunner {
  private static final int BLOCK = 256;

  private InstructionRunner() {}

  /**
   * Runs a body that finds its operands in {@code %r1}, {@code %r2} and {@code %r3} and leaves its
   * result in {@code %r10}.
   */
  static int[] words(String body, int[]... operands) {
    SimDevice device = Kernels.device(Options.DEFAULT);
    int n = operands[0].length;
    int padded = (n + BLOCK - 1) / BLOCK * BLOCK;
    long[] addresses = new long[operands.length + 1];
    StringBuilder text = new StringBuilder(index(4));
    for (int i = 0; i < operands.length; i++) {
      addresses[i] = Kernels.upload(device, Arrays.copyOf(operands[i], padded));
      text.append(load(i, "u32", "%r" + (i + 1)));
    }
    addresses[operands.length] = device.allocate(padded * 4L);
    text.append(body).append('\n');
    text.append(store(operands.length, "u32", "%r10"));
    String ptx = Kernels.module(addresses.length, text.toString());
    Kernels.run(device, ptx, LaunchConfig.of(padded / BLOCK, BLOCK, 0), addresses);
    return Arrays.copyOf(Kernels.ints(device, addresses[operands.length], padded), n);
  }

  /** As {@link #words} with 64-bit operands in {@code %rd1} … and the result in {@code %rd10}. */
  static long[] longs(String body, long[]... operands) {
    SimDevice device = Kernels.device(Options.DEFAULT);
    int n = operands[0].length;
    int padded = (n + BLOCK - 1) / BLOCK * BLOCK;
    long[] addresses = new long[operands.length + 1];
    StringBuilder text = new StringBuilder(index(8));
    for (int i = 0; i < operands.length; i++) {
      addresses[i] = Kernels.upload(device, Arrays.copyOf(operands[i], padded));
      text.append(load(i, "u64", "%rd" + (i + 1)));
    }
    addresses[operands.length] = device.allocate(padded * 8L);
    text.append(body).append('\n');
    text.append(store(operands.length, "u64", "%rd10"));
    String ptx = Kernels.module(addresses.length, text.toString());
    Kernels.run(device, ptx, LaunchConfig.of(padded / BLOCK, BLOCK, 0), addresses);
    return Arrays.copyOf(Kernels.longs(device, addresses[operands.length], padded), n);
  }

  private static String index(int size) {
    return """
        mov.u32 %%r40, %%ctaid.x;
        mov.u32 %%r41, %%tid.x;
        mad.lo.s32 %%r42, %%r40, %d, %%r41;
        mul.wide.u32 %%rd30, %%r42, %d;
        """
        .formatted(BLOCK, size);
  }

  private static String load(int parameter, String type, String register) {
    return "ld.param.u64 %rd28, [p"
        + parameter
        + "];\nadd.s64 %rd29, %rd28, %rd30;\nld.global."
        + type
        + " "
        + register
        + ", [%rd29];\n";
  }

  private static String store(int parameter, String type, String register) {
    return "ld.param.u64 %rd28, [p"
        + parameter
        + "];\nadd.s64 %rd29, %rd28, %rd30;\nst.global."
        + type
        + " [%rd29], "
        + register
        + ";\nret;\n";
  }
}
