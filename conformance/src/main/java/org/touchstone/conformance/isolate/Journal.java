package org.touchstone.conformance.isolate;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.touchstone.conformance.ConformanceException;
import org.touchstone.conformance.ExitCode;
import org.touchstone.conformance.Outcome;
import org.touchstone.conformance.run.CaseReport;
import org.touchstone.conformance.run.DeviceRun;
import org.touchstone.conformance.run.Item;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * An append-only file of what ran, so that a run that was cut off goes on where it was: a line when
 * an item starts and one when it has finished. An item that started and never finished has crashed
 * the run. Used by one thread.
 */
public final class Journal {
  private final Path file;
  private final Map<String, ReportCodec.Timed> finished = new HashMap<>();
  private final Map<String, Boolean> started = new HashMap<>();

  private Journal(Path file) {
    this.file = file;
  }

  /**
   * Opens a journal; reads it when it is there.
   *
   * @param request what the run is about; a journal of another request is refused
   */
  public static Journal open(Path file, String request) {
    Journal journal = new Journal(file);
    try {
      if (Files.exists(file)) {
        journal.read(Files.readAllLines(file, StandardCharsets.UTF_8), request);
      } else {
        Map<String, Object> header = new LinkedHashMap<>();
        header.put("journal", request);
        journal.append(header);
      }
    } catch (IOException e) {
      throw new ConformanceException(
          ExitCode.USAGE, "cannot read the journal " + file + ": " + e.getMessage());
    }
    return journal;
  }

  private void read(List<String> lines, String request) {
    for (int i = 0; i < lines.size(); i++) {
      JsonNode node;
      try {
        node = ReportCodec.parse(lines.get(i));
      } catch (JacksonException e) {
        if (i == lines.size() - 1) {
          // The process died while it wrote the last line; the next one must not continue it.
          rewrite(lines.subList(0, i));
          return;
        }
        throw new ConformanceException(
            ExitCode.USAGE, file + ":" + (i + 1) + " is not a line of a journal");
      }
      if (i == 0 && !(node.has("journal") && node.get("journal").asString().equals(request))) {
        throw new ConformanceException(
            ExitCode.USAGE,
            "the journal " + file + " belongs to another request; delete it or name another file");
      }
      if (node.has("start")) {
        started.put(key(node.get("device").asString(), node.get("start").asString()), true);
      } else if (node.has("done")) {
        finished.put(
            key(node.get("device").asString(), node.get("done").asString()),
            ReportCodec.read(node));
      }
    }
  }

  private void rewrite(List<String> lines) {
    try {
      Files.write(file, lines, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot repair the journal " + file, e);
    }
  }

  private static String key(String device, String item) {
    return device + " " + item;
  }

  /** Returns what an earlier part of the run knows about an item. */
  Optional<ReportCodec.Timed> earlier(String device, Item item) {
    String key = key(device, item.name());
    ReportCodec.Timed known = finished.get(key);
    if (known != null) {
      return Optional.of(known);
    }
    return started.containsKey(key)
        ? Optional.of(
            new ReportCodec.Timed(
                CaseReport.without(Outcome.CRASHED, "the run ended while this case ran"), 0))
        : Optional.empty();
  }

  void start(String device, Item item) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("start", item.name());
    line.put("device", device);
    append(line);
  }

  void done(String device, DeviceRun.Finished result) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("done", result.item().name());
    line.put("device", device);
    line.putAll(ReportCodec.fields(result.report(), result.nanos()));
    append(line);
  }

  private void append(Map<String, Object> line) {
    try {
      Files.writeString(
          file,
          ReportCodec.line(line) + "\n",
          StandardCharsets.UTF_8,
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot append to the journal " + file, e);
    }
  }
}
