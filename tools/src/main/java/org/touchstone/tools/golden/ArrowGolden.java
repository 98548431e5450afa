package org.touchstone.tools.golden;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ArrowFileWriter;
import org.apache.arrow.vector.ipc.message.ArrowFieldNode;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.touchstone.api.Tensor;

/**
 * Golden arrays as an Arrow IPC file: one record batch of one row, a column of type list per array
 * with its elements in row-major order. A column's metadata has element type and shape; the
 * schema's metadata has the text about the file.
 */
final class ArrowGolden implements GoldenWriter {
  private static final long CHUNK = 1L << 28;

  private final Map<String, String> metadata;
  private final List<Column> columns = new ArrayList<>();

  private record Column(Field field, long elements, MemorySegment bytes) {}

  ArrowGolden(Map<String, String> metadata) {
    this.metadata = new LinkedHashMap<>(metadata);
  }

  @Override
  public void add(String name, Tensor tensor) {
    add(
        name,
        tensor.dtype().name(),
        tensor.shape().dims(),
        ArrowTypes.of(tensor.dtype()),
        tensor.dtype().bits() < Byte.SIZE ? Byte.SIZE : tensor.dtype().bits(),
        GoldenFormat.bytes(tensor));
  }

  @Override
  public void add(String name, double[] values) {
    ByteBuffer bytes = little(values.length);
    bytes.asDoubleBuffer().put(values);
    add(name, "F64", new long[] {values.length}, ArrowTypes.F64, Double.SIZE, segment(bytes));
  }

  @Override
  public void add(String name, long[] values) {
    ByteBuffer bytes = little(values.length);
    bytes.asLongBuffer().put(values);
    add(name, "I64", new long[] {values.length}, ArrowTypes.I64, Long.SIZE, segment(bytes));
  }

  private static ByteBuffer little(int numbers) {
    return ByteBuffer.allocate(Math.multiplyExact(numbers, Long.BYTES))
        .order(ByteOrder.LITTLE_ENDIAN);
  }

  private static MemorySegment segment(ByteBuffer bytes) {
    return MemorySegment.ofBuffer(bytes);
  }

  private void add(
      String name, String dtype, long[] shape, ArrowType type, int bits, MemorySegment bytes) {
    long elements = bytes.byteSize() / (bits / Byte.SIZE);
    if (elements > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          name
              + " has "
              + elements
              + " elements, a list of Arrow at most "
              + Integer.MAX_VALUE
              + "; export as safetensors");
    }
    Map<String, String> about = new LinkedHashMap<>();
    about.put(ArrowTypes.DTYPE, dtype);
    about.put(ArrowTypes.SHAPE, Arrays.toString(shape).replace(" ", ""));
    Field item = new Field("item", FieldType.notNullable(type), List.of());
    FieldType list = new FieldType(false, ArrowType.List.INSTANCE, null, about);
    columns.add(new Column(new Field(name, list, List.of(item)), elements, bytes));
  }

  @Override
  public void write(Path file) throws IOException {
    Schema schema = new Schema(columns.stream().map(Column::field).toList(), metadata);
    try (BufferAllocator allocator = new RootAllocator();
        VectorSchemaRoot root = VectorSchemaRoot.create(schema, allocator);
        FileChannel channel =
            FileChannel.open(
                file,
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE,
                StandardOpenOption.TRUNCATE_EXISTING);
        ArrowFileWriter writer = new ArrowFileWriter(root, null, channel)) {
      for (int i = 0; i < columns.size(); i++) {
        fill(root.getVector(i), columns.get(i), allocator);
      }
      root.setRowCount(1);
      writer.start();
      writer.writeBatch();
      writer.end();
    }
  }

  private static void fill(FieldVector list, Column column, BufferAllocator allocator) {
    int elements = Math.toIntExact(column.elements());
    try (ArrowBuf valid = allocator.getEmpty();
        ArrowBuf offsets = allocator.buffer(2L * Integer.BYTES);
        ArrowBuf data = allocator.buffer(column.bytes().byteSize())) {
      copy(column.bytes(), data);
      FieldVector items = list.getChildrenFromFields().getFirst();
      // Without nulls the vector makes its own map of them.
      items.loadFieldBuffers(new ArrowFieldNode(elements, 0), List.of(valid, data));
      offsets.setInt(0, 0);
      offsets.setInt(Integer.BYTES, elements);
      offsets.writerIndex(2L * Integer.BYTES);
      list.loadFieldBuffers(new ArrowFieldNode(1, 0), List.of(valid, offsets));
    }
  }

  private static void copy(MemorySegment from, ArrowBuf to) {
    for (long at = 0; at < from.byteSize(); at += CHUNK) {
      long bytes = Math.min(CHUNK, from.byteSize() - at);
      to.setBytes(at, from.asSlice(at, bytes).asByteBuffer());
    }
    to.writerIndex(from.byteSize());
  }
}
