package org.touchstone.backends.opencl.tuned;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.Reason;
import org.touchstone.api.ReasonCode;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * A file of sizes that were found on devices: one JSON object.
 *
 * @param schema version of the format, 1
 * @param entries one per device, driver and kernels
 */
public record TunedSizes(int schema, List<Entry> entries) {
  private static final int SCHEMA = 1;
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .build();

  /** Checks the version and copies the entries. */
  public TunedSizes {
    if (schema != SCHEMA) {
      throw new IllegalArgumentException("schema is " + schema + ", expected " + SCHEMA);
    }
    entries = List.copyOf(entries);
  }

  /**
   * What sizes hold for.
   *
   * @param platform name of the platform
   * @param device name of the device
   * @param driver version of the driver
   * @param kernels SHA-256 of the kernels' sources
   */
  public record Key(String platform, String device, String driver, String kernels) {
    private boolean sameDevice(Key other) {
      return platform.equals(other.platform) && device.equals(other.device);
    }

    private String differences(Key now) {
      List<String> differences = new ArrayList<>();
      if (!driver.equals(now.driver)) {
        differences.add("driver " + driver + ", this is " + now.driver);
      }
      if (!kernels.equals(now.kernels)) {
        differences.add("kernels " + brief(kernels) + ", these are " + brief(now.kernels));
      }
      return String.join("; ", differences);
    }

    private static String brief(String hash) {
      return hash.substring(0, Math.min(12, hash.length()));
    }
  }

  /**
   * Sizes of one device.
   *
   * @param key what they hold for
   * @param sizes by name; {@code variant} is one of them
   * @param gains what they were worth when they were found
   */
  public record Entry(Key key, Map<String, String> sizes, List<Gain> gains) {
    /** Copies map and list. */
    public Entry {
      sizes = Collections.unmodifiableMap(new TreeMap<>(sizes));
      gains = List.copyOf(gains);
    }
  }

  /**
   * What sizes were worth.
   *
   * @param workload what was timed
   * @param before nanoseconds with the sizes of the table
   * @param after nanoseconds with these
   */
  public record Gain(String workload, double before, double after) {}

  /** The answer of a file. */
  public sealed interface Answer {
    /** The file has sizes for the device as it is. */
    record Sizes(Entry entry) implements Answer {}

    /** The file has sizes for the device as it was. */
    record Stale(Reason reason) implements Answer {}

    /** The file has nothing for the device. */
    record Nothing() implements Answer {}
  }

  /** Looks for sizes. */
  public Answer find(Key key, Path file) {
    Optional<Entry> same = entries.stream().filter(e -> e.key().equals(key)).findFirst();
    if (same.isPresent()) {
      return new Answer.Sizes(same.get());
    }
    return entries.stream()
        .filter(e -> e.key().sameDevice(key))
        .findFirst()
        .<Answer>map(
            e ->
                new Answer.Stale(
                    Reason.of(
                        ReasonCode.TUNING_STALE,
                        "the sizes in " + file + " were found with " + e.key().differences(key))))
        .orElseGet(Answer.Nothing::new);
  }

  /** Returns this file with an entry that replaces every other one of its device. */
  public TunedSizes with(Entry entry) {
    List<Entry> all = new ArrayList<>(entries);
    all.removeIf(e -> e.key().sameDevice(entry.key()));
    all.add(entry);
    return new TunedSizes(SCHEMA, all);
  }

  /**
   * Reads a file.
   *
   * @return no entries when there is no file
   * @throws HalException when it is not such a file
   */
  public static TunedSizes read(Path file) {
    if (!Files.exists(file)) {
      return new TunedSizes(SCHEMA, List.of());
    }
    try {
      return JSON.readValue(Files.readString(file), TunedSizes.class);
    } catch (IOException | JacksonException e) {
      throw new HalException(
          ErrorCode.CONFIGURATION,
          file + " does not hold tuned sizes: " + firstLine(e),
          null,
          null,
          "write it again with touchstone tune, or remove it",
          e);
    }
  }

  private static String firstLine(Exception e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse(e.toString());
  }

  /** Writes a file, through a temporary one beside it. */
  public void write(Path file) {
    try {
      Path absolute = file.toAbsolutePath();
      Path folder = absolute.getParent();
      if (folder != null) {
        Files.createDirectories(folder);
      }
      Path fresh =
          absolute.resolveSibling(absolute.getFileName() + "." + ProcessHandle.current().pid());
      Files.writeString(fresh, JSON.writeValueAsString(this) + "\n", StandardCharsets.UTF_8);
      Files.move(
          fresh, absolute, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new HalException(
          ErrorCode.CONFIGURATION,
          "cannot write " + file + ": " + e,
          null,
          null,
          "choose another file",
          e);
    }
  }
}
