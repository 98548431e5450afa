package org.touchstone.tools.golden;

import java.io.BufferedWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.backends.oracle.Expected;
import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.golden.GoldenCase;
import org.touchstone.conformance.golden.GoldenSuite;
import org.touchstone.tools.model.safetensors.CheckpointException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A folder of golden cases: {@code manifest.jsonl} with a line per case, {@code cases/N} with
 * inputs and the reference's outputs, {@code expected/N} with exact values and bounds in FP64, and
 * {@code outputs/N}, which somebody else writes, each an Arrow IPC or a safetensors file.
 */
public final class GoldenFolder {
  /** Version of the manifest. */
  public static final int SCHEMA = 1;

  private static final String MANIFEST = "manifest.jsonl";
  private static final String UNFINISHED = "manifest.jsonl.unfinished";
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final Path folder;

  /**
   * A line of the manifest.
   *
   * @param name the case
   * @param stem name of its files in {@code cases} and {@code outputs}, without what they end in
   * @param outputs what has to be computed, by slot
   */
  public record Entry(String name, String stem, Map<String, GoldenFormat.Type> outputs) {
    /** Copies the map. */
    public Entry {
      outputs = Map.copyOf(outputs);
    }
  }

  /** Names a folder. */
  public GoldenFolder(Path folder) {
    this.folder = folder;
  }

  /**
   * Writes cases; the folder is created. The manifest appears when all of them are there.
   *
   * @param written takes the number of cases after each
   */
  public void write(List<String> names, GoldenSuite suite, GoldenFormat format, IntConsumer written)
      throws IOException {
    Files.createDirectories(folder.resolve("cases"));
    Files.createDirectories(folder.resolve("expected"));
    Files.createDirectories(folder.resolve("outputs"));
    try (BufferedWriter manifest = Files.newBufferedWriter(folder.resolve(UNFINISHED))) {
      for (int i = 0; i < names.size(); i++) {
        String file = String.format(Locale.ROOT, "%05d", i + 1) + format.extension();
        try (Arena arena = Arena.ofShared()) {
          GoldenCase golden = suite.make(names.get(i), arena);
          writeCase(golden, format, folder.resolve("cases").resolve(file));
          writeExpected(golden, format, folder.resolve("expected").resolve(file));
          manifest.write(JSON.writeValueAsString(line(golden, file)));
          manifest.newLine();
        }
        written.accept(i + 1);
      }
    }
    Files.move(folder.resolve(UNFINISHED), folder.resolve(MANIFEST));
  }

  /** Returns whether the folder holds cases already. */
  public boolean exists() {
    return Files.exists(folder.resolve(MANIFEST));
  }

  private static Map<String, Object> line(GoldenCase golden, String file) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("schema", SCHEMA);
    line.put("case", golden.name());
    line.put("op", golden.op());
    line.put("file", file);
    line.put("spec", SpecJson.of(golden.spec()));
    line.put("inputs", types(golden.inputs()));
    line.put("outputs", types(golden.outputs()));
    return line;
  }

  private static Map<String, Object> types(Map<String, Tensor> tensors) {
    Map<String, Object> types = new LinkedHashMap<>();
    tensors.forEach(
        (slot, tensor) -> {
          Map<String, Object> type = new LinkedHashMap<>();
          type.put("dtype", tensor.dtype().name());
          type.put("shape", tensor.shape().dims());
          types.put(slot, type);
        });
    return types;
  }

  private static Map<String, String> about(GoldenCase golden) {
    Map<String, String> about = new LinkedHashMap<>();
    about.put("case", golden.name());
    about.put("op", golden.op());
    about.put("spec", JSON.writeValueAsString(SpecJson.of(golden.spec())));
    return about;
  }

  private static void writeCase(GoldenCase golden, GoldenFormat format, Path file)
      throws IOException {
    GoldenWriter writer = format.writer(about(golden));
    golden.inputs().forEach((slot, tensor) -> writer.add("input." + slot, tensor));
    golden.outputs().forEach((slot, tensor) -> writer.add("reference." + slot, tensor));
    writer.write(file);
  }

  private static void writeExpected(GoldenCase golden, GoldenFormat format, Path file)
      throws IOException {
    GoldenWriter writer = format.writer(about(golden));
    golden
        .expected()
        .forEach(
            (slot, expected) -> {
              switch (expected) {
                case Expected.Interval interval -> {
                  writer.add("value." + slot, interval.value());
                  writer.add("bound." + slot, interval.error());
                  Optional.ofNullable(interval.index())
                      .ifPresent(index -> writer.add("index." + slot, index));
                }
                case Expected.Codes codes -> {
                  writer.add("codes." + slot, codes.codes());
                  Optional.ofNullable(codes.index())
                      .ifPresent(index -> writer.add("index." + slot, index));
                }
                // Several answers are right; the reference's is one of them.
                case Expected.Verified verified -> {}
              }
            });
    writer.write(file);
  }

  /**
   * Reads the manifest.
   *
   * @throws IllegalArgumentException naming what is wrong with it
   */
  public List<Entry> entries() throws IOException {
    Path file = folder.resolve(MANIFEST);
    List<String> lines;
    try {
      lines = Files.readAllLines(file);
    } catch (NoSuchFileException e) {
      throw new IllegalArgumentException(file + ": no such file; 'golden export' writes it", e);
    }
    List<Entry> entries = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      try {
        JsonNode line = JSON.readTree(lines.get(i));
        int schema = line.required("schema").asInt();
        if (schema != SCHEMA) {
          throw new IllegalArgumentException("schema " + schema + ", expected " + SCHEMA);
        }
        String name = line.required("file").asString();
        entries.add(
            new Entry(
                line.required("case").asString(),
                name.substring(0, Math.max(0, name.lastIndexOf('.'))),
                types(line.required("outputs"))));
      } catch (JacksonException | IllegalArgumentException e) {
        throw new IllegalArgumentException(
            file + ": line " + (i + 1) + " is not what was exported: " + e.getMessage(), e);
      }
    }
    return entries;
  }

  private static Map<String, GoldenFormat.Type> types(JsonNode slots) {
    Map<String, GoldenFormat.Type> types = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> slot : slots.properties()) {
      types.put(
          slot.getKey(),
          new GoldenFormat.Type(
              DType.valueOf(slot.getValue().required("dtype").asString()),
              Shape.of(JSON.convertValue(slot.getValue().required("shape"), long[].class))));
    }
    return types;
  }

  /**
   * Judges the outputs of a case.
   *
   * @param device who computed them, for the report
   * @param traits what the kernels declare
   * @return a row that is skipped when there is no file, and fails when it is broken
   */
  public CaseResult judge(Entry entry, GoldenSuite suite, String device, KernelTraits traits) {
    List<GoldenFormat> there =
        Arrays.stream(GoldenFormat.values())
            .filter(format -> Files.exists(output(entry, format)))
            .toList();
    if (there.isEmpty()) {
      return without(entry, device, Outcome.SKIPPED, "NO_OUTPUT: the case has no file in outputs");
    }
    if (there.size() > 1) {
      return without(
          entry,
          device,
          Outcome.FAIL,
          "outputs/" + entry.stem() + " is there in two formats; remove one of them");
    }
    GoldenFormat format = there.getFirst();
    try (Arena arena = Arena.ofShared()) {
      return suite.judge(
          entry.name(),
          device,
          traits,
          format.read(output(entry, format), entry.outputs(), arena),
          arena);
    } catch (CheckpointException e) {
      return without(entry, device, Outcome.FAIL, String.valueOf(e.getMessage()));
    }
  }

  private static CaseResult without(Entry entry, String device, Outcome outcome, String why) {
    String op = entry.name().substring(0, Math.max(0, entry.name().indexOf('/')));
    return new CaseResult(device, entry.name(), op, outcome, why, Optional.empty(), "", "", 0);
  }

  private Path output(Entry entry, GoldenFormat format) {
    return folder.resolve("outputs").resolve(entry.stem() + format.extension());
  }
}
