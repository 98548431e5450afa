package org.touchstone.tools.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.touchstone.api.Shape;
import org.touchstone.api.format.DType;
import org.touchstone.tools.model.safetensors.Checkpoint;
import org.touchstone.tools.model.safetensors.SafetensorsBytes;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The repository's example model, and altered copies of it. */
public final class ExampleModel {
  /** A tensor to be written. */
  public record Content(DType dtype, Shape shape, MemorySegment bytes) {}

  private static final JsonMapper JSON = new JsonMapper();

  private ExampleModel() {}

  /** Returns a path inside the repository. */
  public static Path repository(String path) {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("examples/tiny-moe/config.json"))) {
      Path parent = folder.getParent();
      if (parent == null) {
        throw new IllegalStateException(
            "examples/tiny-moe is not above " + Path.of("").toAbsolutePath());
      }
      folder = parent;
    }
    return folder.resolve(path);
  }

  /** Returns the example's folder. */
  public static Path folder() {
    return repository("examples/tiny-moe");
  }

  /** Writes the example's config.json with changes. */
  public static Path writeConfig(Path folder, Consumer<ObjectNode> change) {
    try {
      ObjectNode config =
          (ObjectNode) JSON.readTree(Files.readString(folder().resolve("config.json")));
      change.accept(config);
      return Files.writeString(folder.resolve("config.json"), config.toString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes the example's checkpoint with changes. */
  public static Path writeCheckpoint(Path folder, Consumer<Map<String, Content>> change) {
    return writeCheckpoint(folder, 0, change);
  }

  /** Writes the example's checkpoint with changes, its data shifted by some bytes. */
  public static Path writeCheckpoint(
      Path folder, int misalignment, Consumer<Map<String, Content>> change) {
    Map<String, Content> contents = new LinkedHashMap<>();
    try (Checkpoint checkpoint = Checkpoint.open(folder())) {
      checkpoint
          .tensors()
          .forEach(
              e ->
                  contents.put(
                      e.name(),
                      new Content(
                          e.dtype(),
                          e.shape(),
                          MemorySegment.ofArray(e.bytes().toArray(ValueLayout.JAVA_BYTE)))));
    }
    change.accept(contents);
    SafetensorsBytes bytes = new SafetensorsBytes().misalignedBy(misalignment);
    contents.forEach(
        (name, c) ->
            bytes.add(name, c.dtype(), c.shape(), c.bytes().toArray(ValueLayout.JAVA_BYTE)));
    return bytes.write(folder.resolve(Checkpoint.SINGLE));
  }
}
