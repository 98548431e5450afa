package org.touchstone.tools.model.safetensors;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.touchstone.api.Shape;
import org.touchstone.api.format.DType;

/**
 * One tensor of a checkpoint: dense, row-major, little-endian.
 *
 * @param file the file that holds it
 * @param name its name
 * @param dtype element type
 * @param shape extents
 * @param fileOffset first byte, counted from the start of the file
 * @param bytes its bytes, a read-only view of the mapped file
 */
public record TensorEntry(
    Path file, String name, DType dtype, Shape shape, long fileOffset, MemorySegment bytes) {
  /** Renders as {@code BF16[4, 128]}. */
  public String type() {
    return dtype + shape.toString();
  }
}
