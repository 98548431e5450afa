package org.touchstone.tools.golden;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.touchstone.api.Tensor;
import org.touchstone.tools.model.safetensors.SafetensorsWriter;

/** Golden arrays as a safetensors file. */
final class SafetensorsGolden implements GoldenWriter {
  private final SafetensorsWriter writer;

  SafetensorsGolden(Map<String, String> metadata) {
    this.writer = new SafetensorsWriter(metadata);
  }

  @Override
  public void add(String name, Tensor tensor) {
    writer.add(name, tensor.dtype(), tensor.shape(), GoldenFormat.bytes(tensor));
  }

  @Override
  public void add(String name, double[] values) {
    writer.add(name, values);
  }

  @Override
  public void add(String name, long[] values) {
    writer.add(name, values);
  }

  @Override
  public void write(Path file) throws IOException {
    writer.write(file);
  }
}
