package org.touchstone.backends.cpu.micro;

import java.util.Locale;

/** The instruction sets that the native library holds kernels for, weakest first. */
public enum InstructionSet {
  /** What every processor has. */
  PORTABLE(0, "any processor"),
  /** AVX2 with FMA and F16C. */
  AVX2(1, "AVX2, FMA, F16C"),
  /** AVX-512 F, BW, DQ and VL. */
  AVX512(2, "AVX-512 F, BW, DQ, VL"),
  /** AVX-512 with dot products of BF16 and table look-ups of bytes. */
  AVX512_BF16(3, "AVX-512 F, BW, DQ, VL, VBMI, VNNI, BF16");

  private final int code;
  private final String features;

  InstructionSet(int code, String features) {
    this.code = code;
    this.features = features;
  }

  /** Returns the name in settings and in kernel names, for example {@code avx512-bf16}. */
  public String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Returns the number on the native side. */
  int code() {
    return code;
  }

  /** Returns what a processor needs, for people. */
  public String features() {
    return features;
  }
}
