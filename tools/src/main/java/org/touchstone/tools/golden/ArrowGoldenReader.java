package org.touchstone.tools.golden;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.BaseListVector;
import org.apache.arrow.vector.ipc.ArrowFileReader;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.touchstone.api.Buffer;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.tools.model.safetensors.CheckpointException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads what {@link ArrowGolden} or another program wrote. A column whose metadata lacks type or
 * shape is taken for what is expected of its name.
 */
final class ArrowGoldenReader {
  private static final String REMEDY = "write one row with a list column per output, uncompressed";
  private static final int CHUNK = 1 << 28;

  private final Path file;
  private final Map<String, GoldenFormat.Type> expected;
  private final Arena arena;

  private ArrowGoldenReader(Path file, Map<String, GoldenFormat.Type> expected, Arena arena) {
    this.file = file;
    this.expected = expected;
    this.arena = arena;
  }

  static Map<String, Tensor> read(Path file, Map<String, GoldenFormat.Type> expected, Arena arena) {
    try (FileChannel channel = FileChannel.open(file);
        // A broken length must not take the machine's memory.
        BufferAllocator allocator = new RootAllocator(2 * channel.size() + CHUNK);
        ArrowFileReader reader = new ArrowFileReader(channel, allocator)) {
      return new ArrowGoldenReader(file, expected, arena).tensors(reader);
    } catch (CheckpointException e) {
      throw e;
      // Arrow meets a broken file with many kinds of exceptions.
    } catch (IOException | RuntimeException e) {
      throw new CheckpointException(file, null, "an Arrow IPC file", String.valueOf(e), REMEDY, e);
    }
  }

  private Map<String, Tensor> tensors(ArrowFileReader reader) throws IOException {
    VectorSchemaRoot root = reader.getVectorSchemaRoot();
    int batches = reader.getRecordBlocks().size();
    if (batches != 1 || !reader.loadNextBatch() || root.getRowCount() != 1) {
      throw wrong(
          null, "one batch of one row", batches + " batches, " + root.getRowCount() + " rows");
    }
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (FieldVector column : root.getFieldVectors()) {
      tensors.put(column.getName(), tensor(column));
    }
    return tensors;
  }

  private CheckpointException wrong(
      @org.jspecify.annotations.Nullable String column, String wanted, String actual) {
    return new CheckpointException(
        file, column == null ? null : "column '" + column + "'", wanted, actual, REMEDY);
  }

  private Tensor tensor(FieldVector column) {
    String name = column.getName();
    if (!(column instanceof BaseListVector list) || column.isNull(0)) {
      throw wrong(name, "a list", column.getField().getType() + (column.isNull(0) ? ", null" : ""));
    }
    FieldVector items = column.getChildrenFromFields().getFirst();
    GoldenFormat.Type usual = expected.get(name);
    DType dtype =
        metadata(column, ArrowTypes.DTYPE, DType::valueOf)
            .or(() -> Optional.ofNullable(usual).map(GoldenFormat.Type::dtype))
            .orElseThrow(() -> wrong(name, "an output of this case", "none of that name"));
    ArrowType stored = items.getField().getType();
    if (!stored.equals(ArrowTypes.of(dtype)) || items.getNullCount() > 0) {
      throw wrong(
          name,
          "a list of " + ArrowTypes.of(dtype) + " for " + dtype,
          "a list of " + stored + ", " + items.getNullCount() + " of them null");
    }
    long begin = list.getElementStartIndex(0);
    long elements = list.getElementEndIndex(0) - begin;
    Shape shape =
        metadata(column, ArrowTypes.SHAPE, ArrowGoldenReader::shape)
            .or(() -> Optional.ofNullable(usual).map(GoldenFormat.Type::shape))
            .orElseGet(() -> Shape.of(elements));
    int width = dtype.bits() < Byte.SIZE ? 1 : dtype.bits() / Byte.SIZE;
    if (Tensor.denseBytes(dtype, shape) != elements * width) {
      throw wrong(name, dtype + shape.toString(), elements + " elements");
    }
    return Tensor.of(Buffer.ofHost(bytes(items, begin * width, elements * width)), dtype, shape);
  }

  private <T> Optional<T> metadata(FieldVector column, String key, Function<String, T> parse) {
    String text = column.getField().getMetadata().get(key);
    try {
      return Optional.ofNullable(text).map(parse);
    } catch (IllegalArgumentException | JacksonException e) {
      throw wrong(column.getName(), "a " + key, String.valueOf(text));
    }
  }

  private static Shape shape(String json) {
    return Shape.of(JsonMapper.builder().build().readValue(json, long[].class));
  }

  private MemorySegment bytes(FieldVector items, long begin, long bytes) {
    MemorySegment copy = GoldenFormat.allocate(bytes, arena);
    ArrowBuf data = items.getDataBuffer();
    for (long at = 0; at < bytes; at += CHUNK) {
      int part = (int) Math.min(CHUNK, bytes - at);
      byte[] piece = new byte[part];
      data.getBytes(begin + at, piece);
      MemorySegment.copy(piece, 0, copy, ValueLayout.JAVA_BYTE, at, part);
    }
    return copy;
  }
}
