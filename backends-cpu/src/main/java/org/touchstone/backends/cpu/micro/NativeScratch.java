package org.touchstone.backends.cpu.micro;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Memory of one thread for the arguments and intermediate results of native calls; fixed size. */
final class NativeScratch {
  private static final ThreadLocal<NativeScratch> OF_THREAD =
      ThreadLocal.withInitial(NativeScratch::new);

  /** {@code TS_SCRATCH} of the native side. */
  private static final long WORK = 640 * 1024;

  private static final long ARGUMENTS = 128;
  private static final long LIST = (long) MicroKernels.PRODUCT_ROWS * Long.BYTES;
  private static final long OUT = (long) MicroKernels.PRODUCT_RESULT * Float.BYTES;

  /** Arguments of a call. */
  final MemorySegment arguments;

  /** Addresses of rows. */
  final MemorySegment rows;

  /** Addresses of the scales of rows. */
  final MemorySegment rowScales;

  /** The result of a product. */
  final MemorySegment out;

  /** Address of what the native side unpacks operands into. */
  final long work;

  private NativeScratch() {
    MemorySegment all = Arena.ofAuto().allocate(ARGUMENTS + 2 * LIST + OUT + WORK, 64);
    arguments = all.asSlice(0, ARGUMENTS);
    rows = all.asSlice(ARGUMENTS, LIST);
    rowScales = all.asSlice(ARGUMENTS + LIST, LIST);
    out = all.asSlice(ARGUMENTS + 2 * LIST, OUT);
    work = all.asSlice(ARGUMENTS + 2 * LIST + OUT).address();
  }

  /** Returns the scratch of the calling thread. */
  static NativeScratch ofThread() {
    return OF_THREAD.get();
  }

  /** Copies the first {@code count} floats of the result. */
  void result(float[] to, int count) {
    MemorySegment.copy(out, ValueLayout.JAVA_FLOAT, 0, to, 0, count);
  }
}
