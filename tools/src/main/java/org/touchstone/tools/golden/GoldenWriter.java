package org.touchstone.tools.golden;

import java.io.IOException;
import java.nio.file.Path;
import org.touchstone.api.Tensor;

/** Collects named arrays, then writes them to one file. */
interface GoldenWriter {
  /**
   * Adds a tensor.
   *
   * @param tensor dense, on the host; read when the file is written
   */
  void add(String name, Tensor tensor);

  /** Adds a vector of FP64 numbers. */
  void add(String name, double[] values);

  /** Adds a vector of integers. */
  void add(String name, long[] values);

  /** Writes the file. */
  void write(Path file) throws IOException;
}
