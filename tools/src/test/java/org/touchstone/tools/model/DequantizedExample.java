package org.touchstone.tools.model;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.touchstone.api.format.Bf16;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Fp8;
import org.touchstone.tools.model.ExampleModel.Content;

/** The example model with its FP8 weights multiplied out and rounded to BF16. */
public final class DequantizedExample {
  private static final String SCALE = "_scale_inv";
  private static final int BLOCK = 128;
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private DequantizedExample() {}

  /** Writes the model. */
  public static void write(Path folder) {
    ExampleModel.writeConfig(folder, config -> config.remove("quantization_config"));
    ExampleModel.writeCheckpoint(folder, DequantizedExample::dequantize);
  }

  private static void dequantize(Map<String, Content> contents) {
    for (String scaleName :
        List.copyOf(contents.keySet()).stream().filter(name -> name.endsWith(SCALE)).toList()) {
      String name = scaleName.substring(0, scaleName.length() - SCALE.length());
      Content scale = Objects.requireNonNull(contents.remove(scaleName));
      Content weight = Objects.requireNonNull(contents.get(name));
      contents.put(name, dequantize(weight, scale));
    }
  }

  private static Content dequantize(Content weight, Content scale) {
    long rows = weight.shape().dim(0);
    long columns = weight.shape().dim(1);
    MemorySegment bytes = MemorySegment.ofArray(new byte[(int) (2 * rows * columns)]);
    for (long n = 0; n < rows; n++) {
      for (long k = 0; k < columns; k++) {
        long i = n * columns + k;
        float value = Fp8.toFloat(weight.bytes().get(ValueLayout.JAVA_BYTE, i), DType.E4M3FN);
        long block = n / BLOCK * scale.shape().dim(1) + k / BLOCK;
        float multiplier = scale.bytes().get(FLOAT, Float.BYTES * block);
        bytes.set(SHORT, Short.BYTES * i, Bf16.fromFloat(value * multiplier));
      }
    }
    return new Content(DType.BF16, weight.shape(), bytes);
  }
}
