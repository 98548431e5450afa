package org.touchstone.tools.model.text;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.touchstone.api.format.DType;
import org.touchstone.tools.model.inference.LanguageModel;
import org.touchstone.tools.model.safetensors.CheckpointException;
import org.touchstone.tools.model.safetensors.SafetensorsFile;
import org.touchstone.tools.model.safetensors.TensorEntry;

/** Logits that another program computed. */
public final class ExpectedLogits {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private ExpectedLogits() {}

  /**
   * Compares a model's logits for the first tokens of a text with expected ones.
   *
   * @param text at least as many tokens as there are expected rows
   * @param window tokens per window; each starts at position 0
   * @param file safetensors file
   * @param tensor its tensor F32 [tokens, vocabulary]
   */
  public static LogitsComparison compare(
      LanguageModel model, int[] text, int window, Path file, String tensor) {
    int vocabulary = model.blueprint().config().common().vocabulary();
    float[] expected = read(file, tensor, vocabulary);
    int rows = expected.length / vocabulary;
    if (rows > text.length) {
      throw new Impossible(
          "text",
          "at least " + rows + " tokens, as " + tensor + " has rows",
          Integer.toString(text.length));
    }
    float[] actual = new float[expected.length];
    for (int from = 0; from < rows; from += window) {
      List<int[]> batch = new ArrayList<>();
      batch.add(Arrays.copyOfRange(text, from, Math.min(rows, from + window)));
      float[] logits = model.logits(batch);
      System.arraycopy(logits, 0, actual, from * vocabulary, logits.length);
    }
    return LogitsComparison.of(expected, actual, vocabulary);
  }

  private static float[] read(Path file, String name, int vocabulary) {
    try (Arena arena = Arena.ofConfined()) {
      TensorEntry entry = SafetensorsFile.open(file, arena).tensors().get(name);
      if (entry == null || !isLogits(entry, vocabulary)) {
        throw new CheckpointException(
            file,
            "tensor '" + name + "'",
            "F32[tokens, " + vocabulary + "]",
            entry == null ? "no such tensor" : entry.type(),
            "name a tensor of logits over the model's vocabulary");
      }
      return entry.bytes().toArray(FLOAT);
    }
  }

  private static boolean isLogits(TensorEntry entry, int vocabulary) {
    return entry.dtype() == DType.F32
        && entry.shape().rank() == 2
        && entry.shape().dim(0) > 0
        && entry.shape().dim(1) == vocabulary;
  }
}
