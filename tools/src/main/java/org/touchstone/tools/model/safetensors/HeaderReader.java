package org.touchstone.tools.model.safetensors;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.touchstone.api.HalException;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import tools.jackson.databind.JsonNode;

/** Turns the header of one file into checked entries. */
final class HeaderReader {
  private static final String METADATA = "__metadata__";

  private final Path file;
  private final MemorySegment data;
  private final long dataOffset;

  HeaderReader(Path file, MemorySegment data, long dataOffset) {
    this.file = file;
    this.data = data;
    this.dataOffset = dataOffset;
  }

  SequencedMap<String, TensorEntry> read(String json) {
    List<TensorEntry> entries = new ArrayList<>();
    for (Map.Entry<String, JsonNode> property : Json.object(file, "header", json).properties()) {
      if (!property.getKey().equals(METADATA)) {
        entries.add(entry(property.getKey(), property.getValue()));
      }
    }
    entries.sort(
        Comparator.comparingLong(TensorEntry::fileOffset)
            .thenComparingLong(entry -> entry.bytes().byteSize()));
    checkCoverage(entries);
    SequencedMap<String, TensorEntry> tensors = new LinkedHashMap<>();
    entries.forEach(entry -> tensors.put(entry.name(), entry));
    return tensors;
  }

  private TensorEntry entry(String name, JsonNode node) {
    String dtypeName = node.path("dtype").asString("");
    DType dtype =
        DType.ofSafetensors(dtypeName)
            .orElseThrow(
                () ->
                    wrong(
                        name,
                        "a dtype among F32, F16, BF16, the F8 types, F4, I64, I32, I8, U8, BOOL",
                        dtypeName.isEmpty() ? "none" : "'" + dtypeName + "'",
                        "convert the checkpoint to one of these types"));
    Shape shape = shape(name, node.path("shape"));
    long[] offsets = longs(name, "data_offsets", node.path("data_offsets"));
    if (offsets.length != 2
        || offsets[0] < 0
        || offsets[1] < offsets[0]
        || offsets[1] > data.byteSize()) {
      throw wrong(
          name,
          "data_offsets [begin, end] with 0 <= begin <= end <= "
              + data.byteSize()
              + ", the bytes after the header",
          node.path("data_offsets").toString(),
          Remedy.COPY_AGAIN);
    }
    long expected = bytes(name, dtype, shape);
    if (offsets[1] - offsets[0] != expected) {
      throw wrong(
          name,
          expected + " bytes for " + dtype + shape,
          (offsets[1] - offsets[0]) + " bytes from its data_offsets",
          Remedy.COPY_AGAIN);
    }
    return new TensorEntry(
        file,
        name,
        dtype,
        shape,
        dataOffset + offsets[0],
        data.asSlice(offsets[0], offsets[1] - offsets[0]));
  }

  private Shape shape(String name, JsonNode node) {
    long[] dims = longs(name, "shape", node);
    try {
      return Shape.of(dims);
    } catch (HalException e) {
      throw wrong(
          name,
          "a shape with extents >= 0 and less than 2^63 elements",
          node.toString(),
          Remedy.COPY_AGAIN);
    }
  }

  private long bytes(String name, DType dtype, Shape shape) {
    try {
      return Tensor.denseBytes(dtype, shape);
    } catch (HalException e) {
      throw wrong(name, "less than 2^63 bytes", dtype.toString() + shape, Remedy.COPY_AGAIN);
    }
  }

  private long[] longs(String name, String what, JsonNode node) {
    long[] values = new long[node.size()];
    boolean good = node.isArray();
    for (int i = 0; good && i < values.length; i++) {
      good = node.path(i).canConvertToLong() && node.path(i).isIntegralNumber();
      values[i] = good ? node.path(i).asLong() : 0;
    }
    if (!good) {
      throw wrong(
          name,
          "an array of integers as " + what,
          node.isMissingNode() ? "none" : node.toString(),
          Remedy.COPY_AGAIN);
    }
    return values;
  }

  /** The format demands that the tensors cover the data without holes and without overlaps. */
  private void checkCoverage(List<TensorEntry> entries) {
    long end = dataOffset;
    String before = "the header";
    for (TensorEntry entry : entries) {
      if (entry.fileOffset() != end) {
        throw wrong(
            entry.name(),
            "its bytes to begin at file offset " + end + ", where " + before + " ends",
            "offset "
                + entry.fileOffset()
                + (entry.fileOffset() < end ? ", an overlap" : ", a hole"),
            Remedy.COPY_AGAIN);
      }
      end += entry.bytes().byteSize();
      before = "tensor '" + entry.name() + "'";
    }
    long size = dataOffset + data.byteSize();
    if (end != size) {
      throw new CheckpointException(
          file,
          null,
          end + " bytes, where " + before + " ends",
          size + " bytes",
          Remedy.COPY_AGAIN);
    }
  }

  private CheckpointException wrong(String name, String expected, String actual, String remedy) {
    return new CheckpointException(file, "tensor '" + name + "'", expected, actual, remedy);
  }
}
