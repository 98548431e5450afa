package org.touchstone.tools.model.safetensors;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.touchstone.api.Shape;
import org.touchstone.api.format.DType;

/** Writes safetensors files for tests, right ones and wrong ones. */
public final class SafetensorsBytes {
  private final List<String> entries = new ArrayList<>();
  private final List<byte[]> data = new ArrayList<>();
  private long offset;
  private int misalignment;

  /** Adds a tensor. */
  public SafetensorsBytes add(String name, DType dtype, Shape shape, byte[] bytes) {
    entries.add(
        "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
            .formatted(name, dtype.safetensorsName(), shape, offset, offset + bytes.length));
    data.add(bytes);
    offset += bytes.length;
    return this;
  }

  /** Adds a tensor whose elements are all zero. */
  public SafetensorsBytes zeros(String name, DType dtype, long... dims) {
    Shape shape = Shape.of(dims);
    return add(name, dtype, shape, new byte[Math.toIntExact(dtype.bytesFor(shape.elements()))]);
  }

  /** Shifts the data by as many bytes as a careless writer would. */
  public SafetensorsBytes misalignedBy(int bytes) {
    misalignment = bytes;
    return this;
  }

  /** Writes the file. */
  public Path write(Path file) {
    byte[] all = new byte[Math.toIntExact(offset)];
    int at = 0;
    for (byte[] bytes : data) {
      System.arraycopy(bytes, 0, all, at, bytes.length);
      at += bytes.length;
    }
    String header = "{" + String.join(",", entries) + "}";
    // Writers pad the header with spaces, so that the data begin at a multiple of 8.
    int padding = -header.length() & 7;
    return write(file, header + " ".repeat(padding + misalignment), all);
  }

  /** Writes a file with any header and any data. */
  public static Path write(Path file, String header, byte[] data) {
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    return write(file, json.length, json, data);
  }

  /** Writes a file that claims any length of its header. */
  public static Path write(Path file, long length, byte[] header, byte[] data) {
    ByteBuffer bytes =
        ByteBuffer.allocate(8 + header.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(length).put(header).put(data);
    try {
      return Files.write(file, bytes.array());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
