package org.touchstone.tools.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.touchstone.api.Buffer;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.tools.model.safetensors.CheckpointException;

class ArrowGoldenTest {
  @TempDir Path folder;

  private static Tensor tensor(Arena arena, DType dtype, long... shape) {
    long bytes = Tensor.denseBytes(dtype, Shape.of(shape));
    MemorySegment memory = GoldenFormat.allocate(bytes, arena);
    for (long i = 0; i < bytes; i++) {
      memory.set(java.lang.foreign.ValueLayout.JAVA_BYTE, i, (byte) (i * 37 + 11));
    }
    return Tensor.of(Buffer.ofHost(memory), dtype, Shape.of(shape));
  }

  private Path write(Tensor... tensors) throws IOException {
    GoldenWriter writer = GoldenFormat.ARROW.writer(Map.of("case", "a/b"));
    for (int i = 0; i < tensors.length; i++) {
      writer.add("t" + i, tensors[i]);
    }
    Path file = folder.resolve("file.arrow");
    writer.write(file);
    return file;
  }

  @ParameterizedTest
  @EnumSource(DType.class)
  void everyTypeComesBackBitByBit(DType dtype) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      Tensor odd = tensor(arena, dtype, 3, 7);
      Tensor none = tensor(arena, dtype, 5, 0);
      Tensor scalar = tensor(arena, dtype);

      Map<String, Tensor> read = GoldenFormat.ARROW.read(write(odd, none, scalar), Map.of(), arena);

      assertThat(read.keySet()).containsExactly("t0", "t1", "t2");
      for (Tensor[] pair :
          new Tensor[][] {
            {odd, read.get("t0")}, {none, read.get("t1")}, {scalar, read.get("t2")}
          }) {
        assertThat(pair[1].dtype()).isEqualTo(dtype);
        assertThat(pair[1].shape()).isEqualTo(pair[0].shape());
        assertThat(GoldenFormat.bytes(pair[1]).mismatch(GoldenFormat.bytes(pair[0]))).isEqualTo(-1);
      }
    }
  }

  @Test
  void aFileThatIsCutAnywhereIsRefused() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      byte[] whole = Files.readAllBytes(write(tensor(arena, DType.BF16, 31)));
      for (int length : new int[] {0, 7, whole.length / 2, whole.length - 1}) {
        Path file = Files.write(folder.resolve("cut.arrow"), Arrays.copyOf(whole, length));
        assertThatThrownBy(() -> GoldenFormat.ARROW.read(file, Map.of(), arena))
            .isInstanceOf(CheckpointException.class)
            .hasMessageContaining("cut.arrow")
            .hasMessageContaining("expected an Arrow IPC file");
      }
    }
  }

  @Test
  void aBrokenByteNeverEndsTheProgram() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      byte[] whole = Files.readAllBytes(write(tensor(arena, DType.F32, 5)));
      int refused = 0;
      for (int at = 0; at < whole.length; at++) {
        byte[] broken = whole.clone();
        broken[at] ^= (byte) 0xFF;
        Path file = Files.write(folder.resolve("broken.arrow"), broken);
        try {
          GoldenFormat.ARROW.read(file, Map.of(), arena);
        } catch (CheckpointException e) {
          refused++;
        }
      }
      assertThat(refused).isGreaterThan(20);
    }
  }
}
