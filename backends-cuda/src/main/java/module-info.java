/** The CUDA backend and the PTX simulator. */
module org.touchstone.backends.cuda {
  requires jcuda;
  requires org.touchstone.backends;

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
