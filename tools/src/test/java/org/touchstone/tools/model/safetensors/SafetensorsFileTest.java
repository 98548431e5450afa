package org.touchstone.tools.model.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.touchstone.api.Shape;
import org.touchstone.api.format.DType;

class SafetensorsFileTest {
  @TempDir Path folder;

  @Test
  void tensorsAreViewsOfTheMappedFile() {
    Path file =
        new SafetensorsBytes()
            .add("a", DType.U8, Shape.of(3), new byte[] {1, 2, 3})
            .zeros("empty", DType.F32, 0, 7)
            .add("b", DType.BF16, Shape.of(1, 2), new byte[] {0, 0, (byte) 0x80, 0x3f})
            .write(folder.resolve("model.safetensors"));
    try (Arena arena = Arena.ofConfined()) {
      SafetensorsFile opened = SafetensorsFile.open(file, arena);

      assertThat(opened.tensors().keySet()).containsExactly("a", "empty", "b");
      TensorEntry b = Objects.requireNonNull(opened.tensors().get("b"));
      assertThat(b.type()).isEqualTo("BF16[1, 2]");
      assertThat(b.bytes().toArray(ValueLayout.JAVA_BYTE)).containsExactly(0, 0, 0x80, 0x3f);
      assertThat(b.bytes().isMapped()).isTrue();
      assertThat(b.bytes().isReadOnly()).isTrue();
      assertThat(opened.mapped().asSlice(b.fileOffset(), 4).mismatch(b.bytes())).isEqualTo(-1);
      assertThat(Objects.requireNonNull(opened.tensors().get("empty")).shape())
          .isEqualTo(Shape.of(0, 7));
    }
  }

  @Test
  void metadataAndTrailingSpacesOfTheHeaderAreSkipped() {
    Path file =
        SafetensorsBytes.write(
            folder.resolve("model.safetensors"),
            "{\"__metadata__\":{\"format\":\"pt\"},\"t\":{\"dtype\":\"I8\",\"shape\":[],\"data_offsets\":[0,1]}}"
                + "   ",
            new byte[] {42});

    assertThat(open(file)).containsOnlyKeys("t");
  }

  @Test
  void missingFile() {
    fails(folder.resolve("absent.safetensors"), null, "a safetensors file", "no such file");
  }

  @Test
  void fileShorterThanItsLengthField() throws IOException {
    Path file = Files.write(folder.resolve("short.safetensors"), new byte[5]);

    fails(file, null, "at least 8 bytes with the header's length", "5 bytes");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "1, 1",
    "4711, 4711",
    "100000001, 100000001",
    "-1, 18446744073709551615",
  })
  void headerLengthThatCannotBe(long length, String shown) {
    Path file =
        SafetensorsBytes.write(
            folder.resolve("model.safetensors"),
            length,
            "{}".getBytes(StandardCharsets.UTF_8),
            new byte[3]);

    fails(file, "header length", "2 to 5 bytes in a file of 13 bytes", shown);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"t\":",
        "not json",
        "{} {}",
        "{\"t\":{\"dtype\":\"I8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}"
      })
  void headerThatIsNoJson(String header) {
    Path file = SafetensorsBytes.write(folder.resolve("model.safetensors"), header, new byte[1]);

    assertThatExceptionOfType(CheckpointException.class)
        .isThrownBy(() -> open(file))
        .withMessageStartingWith(file + ": header: expected JSON, got ")
        .withMessageContaining("; ");
  }

  @Test
  void headerThatIsNoObject() {
    Path file = SafetensorsBytes.write(folder.resolve("model.safetensors"), "[1, 2]", new byte[0]);

    fails(file, "header", "a JSON object", "a JSON ARRAY");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // What the entry says | what the message expects | what it shows
        "\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8] | a dtype among | '''F64'''",
        "\"shape\":[1],\"data_offsets\":[0,8] | a dtype among | none",
        "\"dtype\":\"F32\",\"data_offsets\":[0,8] | an array of integers as shape | none",
        "\"dtype\":\"F32\",\"shape\":[2.5],\"data_offsets\":[0,8] | an array of integers as shape |"
            + " [2.5]",
        "\"dtype\":\"F32\",\"shape\":\"2\",\"data_offsets\":[0,8] | an array of integers as shape |"
            + " \"2\"",
        "\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8] | a shape with extents >= 0 |"
            + " [-2]",
        "\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,8] | a shape with"
            + " extents >= 0 | [4294967296,4294967296]",
        "\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,8] | less than 2^63"
            + " bytes | F32[4611686018427387904]",
        "\"dtype\":\"F32\",\"shape\":[2] | an array of integers as data_offsets | none",
        "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8] | 0 <= begin <= end <= 8 |"
            + " [0,8,8]",
        "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0] | 0 <= begin <= end <= 8 | [8,0]",
        "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0] | 0 <= begin <= end <= 8 | [-8,0]",
        "\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12] | 0 <= begin <= end <= 8 | [0,12]",
        "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,9223372036854775808] | an array of"
            + " integers | [0,9223372036854775808]",
        "\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8] | 12 bytes for F32[3] | 8 bytes"
            + " from its data_offsets",
        "\"dtype\":\"F4\",\"shape\":[3,5],\"data_offsets\":[0,8] | 9 bytes for E2M1[3, 5] | 8 bytes"
            + " from its data_offsets",
      })
  void entryThatCannotBe(String entry, String expected, String actual) {
    Path file =
        SafetensorsBytes.write(
            folder.resolve("model.safetensors"), "{\"some.weight\":{" + entry + "}}", new byte[8]);

    fails(file, "tensor 'some.weight'", expected, actual);
  }

  @Test
  void truncatedFileNamesTheTensorThatIsCutOff() throws IOException {
    Path file =
        new SafetensorsBytes()
            .zeros("whole", DType.F32, 4)
            .zeros("cut", DType.F32, 4)
            .write(folder.resolve("model.safetensors"));
    byte[] all = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(all, all.length - 1));

    fails(file, "tensor 'cut'", "0 <= begin <= end <= 31", "[16,32]");
  }

  @ParameterizedTest
  @CsvSource({"3, an overlap", "5, a hole"})
  void tensorsMustLieSideBySide(int begin, String what) {
    Path file =
        SafetensorsBytes.write(
            folder.resolve("model.safetensors"),
            "{\"a\":{\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":["
                + begin
                + ","
                + (begin + 4)
                + "]}}",
            new byte[begin + 4]);
    long dataStart = 8 + headerLength(file);

    fails(
        file,
        "tensor 'b'",
        "its bytes to begin at file offset " + (dataStart + 4) + ", where tensor 'a' ends",
        "offset " + (dataStart + begin) + ", " + what);
  }

  @Test
  void bytesAfterTheLastTensor() throws IOException {
    Path file =
        new SafetensorsBytes().zeros("a", DType.I8, 4).write(folder.resolve("model.safetensors"));
    byte[] all = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(all, all.length + 2));

    fails(file, null, all.length + " bytes, where tensor 'a' ends", (all.length + 2) + " bytes");
  }

  private static long headerLength(Path file) {
    try {
      return java.nio.ByteBuffer.wrap(Files.readAllBytes(file))
          .order(java.nio.ByteOrder.LITTLE_ENDIAN)
          .getLong();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static java.util.Map<String, TensorEntry> open(Path file) {
    try (Arena arena = Arena.ofConfined()) {
      return java.util.Map.copyOf(SafetensorsFile.open(file, arena).tensors());
    }
  }

  private static void fails(
      Path file,
      @org.jspecify.annotations.Nullable String subject,
      String expected,
      String actual) {
    assertThatExceptionOfType(CheckpointException.class)
        .isThrownBy(() -> open(file))
        .satisfies(
            e -> {
              assertThat(e.file()).isEqualTo(file);
              assertThat(e.subject().orElse(null)).isEqualTo(subject);
              String message = String.valueOf(e.getMessage());
              assertThat(message)
                  .startsWith(file + ": " + (subject == null ? "" : subject + ": ") + "expected ")
                  .contains(expected)
                  .contains(", got " + actual + "; ");
              assertThat(message.indexOf(expected)).isLessThan(message.indexOf(", got " + actual));
              assertThat(message.substring(message.lastIndexOf("; ") + 2))
                  .as("remedy")
                  .isNotBlank();
            });
  }
}
