package org.touchstone.tools.model.safetensors;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.SequencedMap;

/**
 * A memory-mapped safetensors file: 8 bytes header length, a JSON header, the tensors' bytes. The
 * header is checked completely before the file counts as open, so no tensor can reach outside the
 * file or into another one. Format: the safetensors repository's format description.
 *
 * <p>The mapping lives as long as the arena.
 */
public final class SafetensorsFile {
  /** Longest header that the format allows. */
  static final long LONGEST_HEADER = 100_000_000;

  private static final ValueLayout.OfLong LENGTH =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int LENGTH_BYTES = 8;

  private final Path path;
  private final MemorySegment mapped;
  private final SequencedMap<String, TensorEntry> tensors;

  private SafetensorsFile(
      Path path, MemorySegment mapped, SequencedMap<String, TensorEntry> tensors) {
    this.path = path;
    this.mapped = mapped;
    this.tensors = tensors;
  }

  /**
   * Maps a file and checks its header.
   *
   * @throws CheckpointException when the file is missing, truncated or corrupt
   */
  public static SafetensorsFile open(Path path, Arena arena) {
    MemorySegment mapped = map(path, arena);
    if (mapped.byteSize() < LENGTH_BYTES) {
      throw new CheckpointException(
          path,
          null,
          "at least 8 bytes with the header's length",
          mapped.byteSize() + " bytes",
          Remedy.COPY_AGAIN);
    }
    long length = mapped.get(LENGTH, 0);
    long available = mapped.byteSize() - LENGTH_BYTES;
    if (length < 2 || length > LONGEST_HEADER || length > available) {
      throw new CheckpointException(
          path,
          "header length",
          "2 to "
              + Math.min(LONGEST_HEADER, available)
              + " bytes in a file of "
              + mapped.byteSize()
              + " bytes",
          Long.toUnsignedString(length),
          Remedy.COPY_AGAIN);
    }
    String json =
        new String(
            mapped.asSlice(LENGTH_BYTES, length).toArray(ValueLayout.JAVA_BYTE),
            StandardCharsets.UTF_8);
    MemorySegment data = mapped.asSlice(LENGTH_BYTES + length);
    return new SafetensorsFile(
        path, mapped, new HeaderReader(path, data, LENGTH_BYTES + length).read(json));
  }

  private static MemorySegment map(Path path, Arena arena) {
    if (!Files.isRegularFile(path)) {
      throw new CheckpointException(
          path,
          null,
          "a safetensors file",
          Files.exists(path) ? "something that is no regular file" : "no such file",
          "check the path; a sharded checkpoint needs every file that its index names");
    }
    try (FileChannel channel = FileChannel.open(path)) {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
    } catch (IOException e) {
      throw new CheckpointException(
          path, null, "a readable file", String.valueOf(e), "check its permissions", e);
    }
  }

  /** Returns where the file lies. */
  public Path path() {
    return path;
  }

  /** Returns the whole file. */
  public MemorySegment mapped() {
    return mapped;
  }

  /** Returns the tensors by name, in the order of their bytes. */
  public Map<String, TensorEntry> tensors() {
    return Collections.unmodifiableMap(tensors);
  }
}
