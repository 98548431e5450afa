/** The OpenCL backend. */
module org.touchstone.backends.opencl {
  requires jocl;
  requires org.touchstone.backends;

  provides org.touchstone.backends.config.SettingSource with
      org.touchstone.backends.opencl.OpenClSettings;
  provides org.touchstone.backends.spi.BackendProvider with
      org.touchstone.backends.opencl.OpenClProvider;
}
