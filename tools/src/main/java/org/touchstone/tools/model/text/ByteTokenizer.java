package org.touchstone.tools.model.text;

import java.nio.file.Files;
import java.nio.file.Path;
import org.touchstone.tools.model.ModelConfig;
import org.touchstone.tools.model.safetensors.CheckpointException;

/** Maps text to token ids and back: every byte of its UTF-8 form is one token. */
public final class ByteTokenizer {
  /** Size of the vocabulary. */
  public static final int VOCABULARY = 256;

  private ByteTokenizer() {}

  /**
   * Returns the tokenizer of a model folder.
   *
   * @throws CheckpointException when the vocabulary is not the 256 byte values
   */
  public static ByteTokenizer of(Path folder, ModelConfig config) {
    int vocabulary = config.common().vocabulary();
    if (vocabulary != VOCABULARY) {
      Path tokenizer = folder.resolve("tokenizer.json");
      throw new CheckpointException(
          folder.resolve("config.json"),
          "vocab_size",
          VOCABULARY + ", the byte values",
          vocabulary + (Files.exists(tokenizer) ? " with the vocabulary of " + tokenizer : ""),
          "this version tokenizes byte-level vocabularies only: use such a model, or drive the"
              + " model with token ids through org.touchstone.tools.model.inference");
    }
    return new ByteTokenizer();
  }

  /** Returns the token ids of bytes. */
  public int[] encode(byte[] bytes) {
    int[] ids = new int[bytes.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = Byte.toUnsignedInt(bytes[i]);
    }
    return ids;
  }

  /** Returns the byte of a token. */
  public byte decode(int id) {
    if (id < 0 || id >= VOCABULARY) {
      throw new IllegalArgumentException("token id " + id + " is not in 0..255");
    }
    return (byte) id;
  }
}
