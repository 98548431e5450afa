package org.touchstone.tools.model.safetensors;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.touchstone.api.Shape;
import org.touchstone.api.format.DType;
import tools.jackson.databind.json.JsonMapper;

/** Writes a safetensors file: 8 bytes header length, a JSON header, the tensors' bytes. */
public final class SafetensorsWriter {
  private static final JsonMapper JSON = JsonMapper.builder().build();
  private static final int ALIGNMENT = 8;

  private final Map<String, Object> header = new LinkedHashMap<>();
  private final List<MemorySegment> data = new ArrayList<>();
  private long offset;

  /** Starts a file with text about it. */
  public SafetensorsWriter(Map<String, String> metadata) {
    if (!metadata.isEmpty()) {
      header.put("__metadata__", new LinkedHashMap<>(metadata));
    }
  }

  /**
   * Adds a tensor.
   *
   * @param bytes its elements, dense, row-major, little-endian; read when the file is written
   */
  public SafetensorsWriter add(String name, DType dtype, Shape shape, MemorySegment bytes) {
    return add(name, dtype.safetensorsName(), shape, bytes);
  }

  /** Adds a vector of FP64 numbers. */
  public SafetensorsWriter add(String name, double[] values) {
    ByteBuffer bytes = little(values.length);
    bytes.asDoubleBuffer().put(values);
    return add(name, "F64", Shape.of(values.length), MemorySegment.ofBuffer(bytes));
  }

  /** Adds a vector of integers. */
  public SafetensorsWriter add(String name, long[] values) {
    ByteBuffer bytes = little(values.length);
    bytes.asLongBuffer().put(values);
    return add(name, "I64", Shape.of(values.length), MemorySegment.ofBuffer(bytes));
  }

  private static ByteBuffer little(int numbers) {
    return ByteBuffer.allocate(Math.multiplyExact(numbers, Long.BYTES))
        .order(ByteOrder.LITTLE_ENDIAN);
  }

  private SafetensorsWriter add(String name, String dtype, Shape shape, MemorySegment bytes) {
    Map<String, Object> entry = new LinkedHashMap<>();
    entry.put("dtype", dtype);
    entry.put("shape", shape.dims());
    entry.put("data_offsets", new long[] {offset, offset + bytes.byteSize()});
    if (header.put(name, entry) != null) {
      throw new IllegalArgumentException("two tensors are named " + name);
    }
    data.add(bytes);
    offset += bytes.byteSize();
    return this;
  }

  /** Writes the file. */
  public void write(Path file) throws IOException {
    String json = JSON.writeValueAsString(header);
    byte[] text =
        (json + " ".repeat(-json.length() & (ALIGNMENT - 1))).getBytes(StandardCharsets.UTF_8);
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      write(channel, length.putLong(text.length).flip());
      write(channel, ByteBuffer.wrap(text));
      for (MemorySegment bytes : data) {
        write(channel, bytes.asByteBuffer());
      }
    }
  }

  private static void write(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }
}
