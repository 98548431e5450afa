package org.touchstone.tools.model.safetensors;

import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.touchstone.api.Shape;
import org.touchstone.api.format.DType;
import tools.jackson.databind.JsonNode;

/**
 * The tensors of a model folder: {@code model.safetensors}, or the files that {@code
 * model.safetensors.index.json} names. The files are mapped, so opening reads headers only.
 * Thread-safe; closing it ends every mapping.
 */
public final class Checkpoint implements AutoCloseable {
  /** Name of the single file. */
  public static final String SINGLE = "model.safetensors";

  /** Name of the index of a sharded checkpoint. */
  public static final String INDEX = "model.safetensors.index.json";

  private final Path location;
  private final Arena arena;
  private final List<SafetensorsFile> files;
  private final Map<String, TensorEntry> tensors;

  private Checkpoint(
      Path location, Arena arena, List<SafetensorsFile> files, Map<String, TensorEntry> tensors) {
    this.location = location;
    this.arena = arena;
    this.files = List.copyOf(files);
    this.tensors = Collections.unmodifiableMap(tensors);
  }

  /**
   * Opens the checkpoint of a model folder.
   *
   * @throws CheckpointException when a file is missing, truncated or corrupt, or the index does not
   *     match the files
   */
  public static Checkpoint open(Path folder) {
    Path index = folder.resolve(INDEX);
    Arena arena = Arena.ofShared();
    try {
      if (Files.exists(index)) {
        return sharded(index, arena);
      }
      SafetensorsFile file = SafetensorsFile.open(folder.resolve(SINGLE), arena);
      return new Checkpoint(file.path(), arena, List.of(file), file.tensors());
    } catch (RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  private static Checkpoint sharded(Path index, Arena arena) {
    JsonNode map = Json.object(index).path("weight_map");
    if (!map.isObject() || map.isEmpty()) {
      throw new CheckpointException(
          index,
          "weight_map",
          "an object from tensor names to file names",
          map.isMissingNode() ? "none" : map.toString(),
          Remedy.COPY_AGAIN);
    }
    Map<String, String> wanted = new TreeMap<>();
    map.properties().forEach(e -> wanted.put(e.getKey(), fileName(index, e)));
    Map<String, SafetensorsFile> files = new LinkedHashMap<>();
    Map<String, TensorEntry> tensors = new LinkedHashMap<>();
    for (Map.Entry<String, String> entry : wanted.entrySet()) {
      SafetensorsFile file =
          files.computeIfAbsent(
              entry.getValue(), name -> SafetensorsFile.open(index.resolveSibling(name), arena));
      TensorEntry tensor = file.tensors().get(entry.getKey());
      if (tensor == null) {
        throw new CheckpointException(
            file.path(),
            "tensor '" + entry.getKey() + "'",
            "the tensor that " + index.getFileName() + " assigns to this file",
            "a file without it",
            "index and files are of different versions: copy them again from one source");
      }
      tensors.put(entry.getKey(), tensor);
    }
    for (SafetensorsFile file : files.values()) {
      for (String name : file.tensors().keySet()) {
        if (!wanted.containsKey(name)) {
          throw new CheckpointException(
              index,
              "tensor '" + name + "'",
              "an entry for every tensor in " + file.path().getFileName(),
              "none",
              "index and files are of different versions: copy them again from one source");
        }
      }
    }
    return new Checkpoint(index, arena, new ArrayList<>(files.values()), tensors);
  }

  private static String fileName(Path index, Map.Entry<String, JsonNode> entry) {
    String name = entry.getValue().asString("");
    // A file of another folder could be anything; a checkpoint's files lie side by side.
    if (name.isEmpty() || name.indexOf('/') >= 0 || name.indexOf('\\') >= 0 || name.equals("..")) {
      throw new CheckpointException(
          index,
          "tensor '" + entry.getKey() + "'",
          "the name of a file beside the index",
          entry.getValue().toString(),
          Remedy.COPY_AGAIN);
    }
    return name;
  }

  /** Returns the file that stands for the whole: the single file, or the index. */
  public Path location() {
    return location;
  }

  /** Returns the files. */
  public List<SafetensorsFile> files() {
    return files;
  }

  /** Returns all tensors. */
  public Collection<TensorEntry> tensors() {
    return tensors.values();
  }

  /** Returns a tensor, if it exists. */
  public Optional<TensorEntry> find(String name) {
    return Optional.ofNullable(tensors.get(name));
  }

  /**
   * Returns a tensor.
   *
   * @param expected its type as text, for the message when it is missing
   * @throws CheckpointException when there is none
   */
  public TensorEntry require(String name, String expected) {
    return find(name)
        .orElseThrow(
            () ->
                new CheckpointException(
                    location,
                    "tensor '" + name + "'",
                    expected,
                    "no such tensor",
                    "config.json and checkpoint do not belong together, or a file is missing"));
  }

  /**
   * Returns a tensor of a given shape and of one of the given types.
   *
   * @throws CheckpointException when it is missing or differs
   */
  public TensorEntry require(String name, Shape shape, DType first, DType... more) {
    List<DType> types = new ArrayList<>(List.of(more));
    types.addFirst(first);
    String expected =
        String.join(" or ", types.stream().map(type -> type + shape.toString()).toList());
    TensorEntry entry = require(name, expected);
    if (!entry.shape().equals(shape) || !types.contains(entry.dtype())) {
      throw new CheckpointException(
          entry.file(),
          "tensor '" + name + "'",
          expected,
          entry.type(),
          entry.shape().equals(shape)
              ? "convert the checkpoint to a supported type"
              : "config.json and checkpoint do not belong together");
    }
    return entry;
  }

  /** Ends the mappings; their segments throw afterwards. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
