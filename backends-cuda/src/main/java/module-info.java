/** The CUDA backend and the PTX simulator. */
module org.touchstone.backends.cuda {
  requires jcuda;
  requires org.touchstone.backends;
}
