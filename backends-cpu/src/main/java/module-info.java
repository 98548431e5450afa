/** CPU backend: SIMD kernels and the FP64 reference that judges every backend. */
module org.touchstone.backends.cpu {
  requires static transitive org.jspecify;
  requires org.touchstone.backends;
  requires jdk.incubator.vector;
  requires jdk.management;
  requires org.bytedeco.javacpp;

  provides org.touchstone.backends.config.SettingSource with
      org.touchstone.backends.cpu.CpuSettings;
  provides org.touchstone.backends.oracle.Oracle with
      org.touchstone.backends.cpu.reference.ReferenceOracle;
  provides org.touchstone.backends.spi.BackendProvider with
      org.touchstone.backends.cpu.CpuProvider;
  provides org.touchstone.backends.spi.LimitProbe with
      org.touchstone.backends.cpu.simd.CpuLimitProbe;
}
