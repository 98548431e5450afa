package org.touchstone.backends.testing;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** Records what is logged while it is open. */
public final class LogRecorder implements AutoCloseable {
  private static final Logger LOGGER = Logger.getLogger("org.touchstone");

  private final List<LogRecord> records = new CopyOnWriteArrayList<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord entry) {
          records.add(entry);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  /** Starts recording. */
  public LogRecorder() {
    LOGGER.addHandler(handler);
  }

  /** Returns the warnings that contain a text; tests in other threads log, too. */
  public List<String> warningsAbout(String text) {
    return messages(Level.WARNING, text);
  }

  /** Returns the notices that contain a text. */
  public List<String> noticesAbout(String text) {
    return messages(Level.INFO, text);
  }

  private List<String> messages(Level level, String text) {
    return records.stream()
        .filter(entry -> entry.getLevel().equals(level))
        .map(LogRecord::getMessage)
        .filter(message -> message.contains(text))
        .toList();
  }

  @Override
  public void close() {
    LOGGER.removeHandler(handler);
  }
}
