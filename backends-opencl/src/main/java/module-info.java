/** The OpenCL backend. */
module org.touchstone.backends.opencl {
  requires jocl;
  requires org.touchstone.backends;
}
