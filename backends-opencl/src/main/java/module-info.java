/** The OpenCL backend. */
module org.touchstone.backends.opencl {
  requires jocl;
  requires org.touchstone.backends;
  requires tools.jackson.databind;

  // Records that JSON is read into.
  opens org.touchstone.backends.opencl.tuned to
      tools.jackson.databind;

  provides org.touchstone.backends.config.SettingSource with
      org.touchstone.backends.opencl.OpenClSettings;
  provides org.touchstone.backends.spi.BackendProvider with
      org.touchstone.backends.opencl.OpenClProvider;
  provides org.touchstone.backends.spi.KernelInspector with
      org.touchstone.backends.opencl.driver.LaunchLog;
  provides org.touchstone.backends.spi.TuningSource with
      org.touchstone.backends.opencl.OpenClTuning;
  provides org.touchstone.backends.spi.MutantSource with
      org.touchstone.backends.opencl.KernelDefects;
  provides org.touchstone.backends.spi.WorkerProfile with
      org.touchstone.backends.opencl.OclgrindProfile;
}
