package org.touchstone.backends.cpu;

import java.util.List;
import org.touchstone.backends.config.SettingKey;
import org.touchstone.backends.config.SettingSource;

/** Settings of the CPU backend. */
public final class CpuSettings implements SettingSource {
  /** Threads of a device. */
  static final SettingKey THREADS =
      new SettingKey("cpu.threads", "", "threads of a cpu device; by default one per processor");

  /** Whether threads stay on processors of their own. */
  static final SettingKey PIN =
      new SettingKey(
          "cpu.pin",
          "off",
          "on ties each worker thread of a cpu device to one of the processors that this process"
              + " may use; the submitting thread is the host program's and stays free");

  /** Which micro-kernels run. */
  static final SettingKey KERNELS =
      new SettingKey(
          "cpu.kernels",
          "auto",
          "micro-kernels of cpu://simd: native, vector (the Vector API), or auto for native where"
              + " the library loads");

  /** Which instruction set the native micro-kernels use. */
  static final SettingKey ISA =
      new SettingKey(
          "cpu.isa",
          "auto",
          "instruction set of the native micro-kernels: avx512-bf16, avx512, avx2, portable, or"
              + " auto for the best that the processor runs");

  /** Created by the service loader. */
  public CpuSettings() {}

  @Override
  public List<SettingKey> settings() {
    return List.of(ISA, KERNELS, PIN, THREADS);
  }
}
