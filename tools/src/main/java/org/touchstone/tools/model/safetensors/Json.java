package org.touchstone.tools.model.safetensors;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Parses the JSON of a checkpoint strictly: no duplicate keys, nothing after the end. */
public final class Json {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private Json() {}

  /**
   * Reads a file that holds a JSON object.
   *
   * @throws CheckpointException when it is missing or holds something else
   */
  public static JsonNode object(Path file) {
    String text;
    try {
      text = Files.readString(file);
    } catch (IOException e) {
      throw new CheckpointException(
          file,
          null,
          "a readable JSON file",
          Files.exists(file) ? String.valueOf(e) : "no such file",
          "a model folder holds config.json and model.safetensors or"
              + " model.safetensors.index.json",
          e);
    }
    return object(file, null, text);
  }

  static JsonNode object(
      Path file, @org.jspecify.annotations.Nullable String subject, String text) {
    JsonNode node;
    try {
      node = MAPPER.readTree(text);
    } catch (JacksonException e) {
      throw new CheckpointException(
          file, subject, "JSON", e.getOriginalMessage(), Remedy.COPY_AGAIN, e);
    }
    if (!node.isObject()) {
      throw new CheckpointException(
          file, subject, "a JSON object", "a JSON " + node.getNodeType(), Remedy.COPY_AGAIN);
    }
    return node;
  }
}
