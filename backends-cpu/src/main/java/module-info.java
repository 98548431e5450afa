/** The CPU backend: the scalar FP64 reference and the SIMD device. */
module org.touchstone.backends.cpu {
  requires jdk.incubator.vector;
  requires org.touchstone.backends;
}
