package org.touchstone.tools.golden;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.touchstone.api.Buffer;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.tools.model.safetensors.CheckpointException;
import org.touchstone.tools.model.safetensors.SafetensorsFile;
import org.touchstone.tools.model.safetensors.TensorEntry;

/** File formats of golden cases. */
public enum GoldenFormat {
  /** Arrow IPC files: one row, a list per tensor. */
  ARROW,
  /** The format of model checkpoints. */
  SAFETENSORS;

  /**
   * What a tensor has to be.
   *
   * @param dtype element type
   * @param shape extents
   */
  public record Type(DType dtype, Shape shape) {
    @Override
    public String toString() {
      return dtype + shape.toString();
    }
  }

  /** Returns how the names of files end, for example {@code .arrow}. */
  public String extension() {
    return "." + name().toLowerCase(Locale.ROOT);
  }

  /** Starts a file with text about it. */
  GoldenWriter writer(Map<String, String> metadata) {
    return switch (this) {
      case ARROW -> new ArrowGolden(metadata);
      case SAFETENSORS -> new SafetensorsGolden(metadata);
    };
  }

  /**
   * Reads the tensors of a file into memory of an arena.
   *
   * @param expected types by name, for formats that do not know them
   * @throws CheckpointException when the file is broken
   */
  Map<String, Tensor> read(Path file, Map<String, Type> expected, Arena arena) {
    return switch (this) {
      case ARROW -> ArrowGoldenReader.read(file, expected, arena);
      case SAFETENSORS -> safetensors(file, arena);
    };
  }

  private static Map<String, Tensor> safetensors(Path file, Arena arena) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (TensorEntry tensor : SafetensorsFile.open(file, arena).tensors().values()) {
      // The file's bytes need not be aligned for the element type.
      MemorySegment copy = allocate(tensor.bytes().byteSize(), arena);
      MemorySegment.copy(tensor.bytes(), 0, copy, 0, tensor.bytes().byteSize());
      tensors.put(tensor.name(), Tensor.of(Buffer.ofHost(copy), tensor.dtype(), tensor.shape()));
    }
    return tensors;
  }

  static MemorySegment allocate(long bytes, Arena arena) {
    return arena.allocate(Math.max(1, bytes), Long.BYTES * Byte.SIZE);
  }

  /** Returns a dense tensor's bytes. */
  static MemorySegment bytes(Tensor tensor) {
    return tensor.buffer().host().asSlice(tensor.byteOffset(), tensor.storageBytes());
  }
}
