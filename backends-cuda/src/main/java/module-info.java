/**
 * The CUDA backend and the PTX simulator. The simulator is public: {@link
 * org.touchstone.backends.cuda.sim.SimDevice} runs anybody's kernels.
 */
module org.touchstone.backends.cuda {
  requires jcuda;
  requires org.touchstone.backends;
  requires static transitive org.jspecify;

  exports org.touchstone.backends.cuda.sim;
  exports org.touchstone.backends.cuda.sim.check;
  exports org.touchstone.backends.cuda.sim.exec;
  exports org.touchstone.backends.cuda.sim.memory;
  exports org.touchstone.backends.cuda.sim.ptx;

  provides org.touchstone.backends.config.SettingSource with
      org.touchstone.backends.cuda.CudaSettings,
      org.touchstone.backends.cuda.CudaSimSettings;
  provides org.touchstone.backends.spi.BackendProvider with
      org.touchstone.backends.cuda.CudaProvider,
      org.touchstone.backends.cuda.CudaSimProvider;
  provides org.touchstone.backends.spi.MutantSource with
      org.touchstone.backends.cuda.KernelDefects;
  provides org.touchstone.backends.spi.ToolCommand with
      org.touchstone.backends.cuda.sim.cli.PtxSimCommand;
}
