package org.touchstone.backends.cpu.micro;

import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;

/**
 * The functions of {@code touchstone_cpu.h}. JavaCPP generates and builds what binds them; the
 * library is loaded by {@link NativeLibrary}, because JavaCPP's own loader unpacks into a folder of
 * its choice. Addresses are not checked here.
 */
@Platform(include = "touchstone_cpu.h", library = "touchstone_cpu")
final class NativeCalls {
  private NativeCalls() {}

  /** Returns whether the processor runs an instruction set. */
  @NoException
  @Name("ts_supported")
  static native int supported(int isa);

  /** Multiplies rows with weights; the address is that of the arguments. */
  @NoException
  @Name("ts_product")
  static native void product(int isa, @Cast("int64_t") long arguments);

  /** Packs a dense weight [n, k]. */
  @NoException
  @Name("ts_pack")
  static native void pack(
      int isa,
      @Cast("int64_t") long from,
      @Cast("int64_t") long n,
      @Cast("int64_t") long k,
      int type,
      @Cast("int64_t") long to);

  /** Unpacks into a dense weight [n, k]. */
  @NoException
  @Name("ts_unpack")
  static native void unpack(
      @Cast("int64_t") long from,
      @Cast("int64_t") long n,
      @Cast("int64_t") long k,
      int type,
      @Cast("int64_t") long to);
}
