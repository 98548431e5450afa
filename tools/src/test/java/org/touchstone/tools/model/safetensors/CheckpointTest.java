package org.touchstone.tools.model.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.api.Shape;
import org.touchstone.api.format.DType;

class CheckpointTest {
  private static final String FIRST = "model-00001-of-00002.safetensors";
  private static final String SECOND = "model-00002-of-00002.safetensors";

  @TempDir Path folder;

  @BeforeEach
  void writeShards() {
    new SafetensorsBytes().zeros("a", DType.F32, 2).write(folder.resolve(FIRST));
    new SafetensorsBytes()
        .zeros("b", DType.BF16, 3)
        .zeros("c", DType.I32, 1)
        .write(folder.resolve(SECOND));
  }

  private Path index(String weightMap) throws IOException {
    return Files.writeString(
        folder.resolve(Checkpoint.INDEX), "{\"metadata\":{},\"weight_map\":" + weightMap + "}");
  }

  @Test
  void shardsFormOneCheckpoint() throws IOException {
    Path index = index("{\"a\":\"%s\",\"b\":\"%s\",\"c\":\"%s\"}".formatted(FIRST, SECOND, SECOND));
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertThat(checkpoint.location()).isEqualTo(index);
      assertThat(checkpoint.files()).hasSize(2);
      assertThat(checkpoint.tensors())
          .extracting(TensorEntry::name)
          .containsExactlyInAnyOrder("a", "b", "c");
      assertThat(checkpoint.require("b", Shape.of(3), DType.BF16).file())
          .isEqualTo(folder.resolve(SECOND));
    }
  }

  @Test
  void closingEndsTheMapping() {
    new SafetensorsBytes().zeros("a", DType.F32, 2).write(folder.resolve(Checkpoint.SINGLE));
    Checkpoint checkpoint = Checkpoint.open(folder);
    TensorEntry a = checkpoint.find("a").orElseThrow();
    checkpoint.close();
    checkpoint.close();

    assertThat(a.bytes().scope().isAlive()).isFalse();
  }

  @Test
  void emptyFolder() {
    fails(folder.resolve("model.safetensors"), null, "a safetensors file", "no such file");
  }

  @Test
  void indexThatNamesAMissingFile() throws IOException {
    index("{\"a\":\"gone.safetensors\"}");

    fails(folder.resolve("gone.safetensors"), null, "a safetensors file", "no such file");
  }

  @Test
  void indexThatNamesAMissingTensor() throws IOException {
    index(
        "{\"a\":\"%s\",\"ghost\":\"%s\",\"b\":\"%s\",\"c\":\"%s\"}"
            .formatted(FIRST, FIRST, SECOND, SECOND));

    fails(
        folder.resolve(FIRST),
        "tensor 'ghost'",
        "the tensor that model.safetensors.index.json assigns to this file",
        "a file without it");
  }

  @Test
  void tensorThatTheIndexForgets() throws IOException {
    Path index = index("{\"a\":\"%s\",\"b\":\"%s\"}".formatted(FIRST, SECOND));

    fails(index, "tensor 'c'", "an entry for every tensor in " + SECOND, "none");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "../model.safetensors", "/etc/passwd", "..", "a\\\\b"})
  void indexThatLeavesTheFolder(String name) throws IOException {
    Path index = index("{\"a\":\"" + name + "\"}");

    fails(index, "tensor 'a'", "the name of a file beside the index", "\"" + name + "\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"[]", "{}", "null"})
  void indexWithoutTensors(String map) throws IOException {
    Path index = index(map);

    fails(index, "weight_map", "an object from tensor names to file names", map);
  }

  @Test
  void indexThatIsNoJson() throws IOException {
    Path index = Files.writeString(folder.resolve(Checkpoint.INDEX), "{");

    assertThatExceptionOfType(CheckpointException.class)
        .isThrownBy(() -> Checkpoint.open(folder))
        .withMessageStartingWith(index + ": expected JSON, got ");
  }

  @Test
  void missingTensorWrongShapeAndWrongType() {
    Path file =
        new SafetensorsBytes().zeros("a", DType.F32, 2, 3).write(folder.resolve(Checkpoint.SINGLE));
    try (Checkpoint checkpoint = Checkpoint.open(folder)) {
      assertThatExceptionOfType(CheckpointException.class)
          .isThrownBy(() -> checkpoint.require("b", Shape.of(2), DType.BF16))
          .withMessageStartingWith(file + ": tensor 'b': expected BF16[2], got no such tensor; ");
      assertThatExceptionOfType(CheckpointException.class)
          .isThrownBy(() -> checkpoint.require("a", Shape.of(3, 2), DType.F32))
          .withMessageStartingWith(file + ": tensor 'a': expected F32[3, 2], got F32[2, 3]; ");
      assertThatExceptionOfType(CheckpointException.class)
          .isThrownBy(() -> checkpoint.require("a", Shape.of(2, 3), DType.BF16, DType.E4M3FN))
          .withMessageStartingWith(
              file + ": tensor 'a': expected BF16[2, 3] or E4M3FN[2, 3], got F32[2, 3]; convert");
    }
  }

  private void fails(
      Path file,
      @org.jspecify.annotations.Nullable String subject,
      String expected,
      String actual) {
    assertThatExceptionOfType(CheckpointException.class)
        .isThrownBy(() -> Checkpoint.open(folder))
        .withMessageStartingWith(
            file
                + ": "
                + (subject == null ? "" : subject + ": ")
                + "expected "
                + expected
                + ", got "
                + actual
                + "; ");
  }
}
