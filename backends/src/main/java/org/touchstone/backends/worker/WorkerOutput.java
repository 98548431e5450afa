package org.touchstone.backends.worker;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Sorts what a worker writes into replies, findings and everything else. Thread-safe. */
final class WorkerOutput {
  private static final int KEPT_LINES = 200;

  /** A stream of the worker. */
  enum Source {
    STDOUT,
    STDERR
  }

  private final String token;
  private final List<Pattern> patterns;
  private final Consumer<String> listener;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final ArrayDeque<String> lastLines = new ArrayDeque<>();
  private List<String> findings = new ArrayList<>();
  private @Nullable String reply;
  private boolean errorsComplete;
  private int openStreams = Source.values().length;

  WorkerOutput(String token, List<Pattern> patterns, Consumer<String> listener) {
    this.token = token;
    this.patterns = patterns;
    this.listener = listener;
  }

  /** Forgets the previous request. */
  void begin() {
    lock.lock();
    try {
      reply = null;
      errorsComplete = false;
      findings = new ArrayList<>();
    } finally {
      lock.unlock();
    }
  }

  void line(Source source, String line) {
    lock.lock();
    try {
      if (line.startsWith(token)) {
        if (source == Source.STDOUT) {
          reply = line.substring(token.length());
        } else {
          errorsComplete = true;
        }
        changed.signalAll();
        return;
      }
      if (line.isEmpty()) {
        return;
      }
      lastLines.add(line);
      if (lastLines.size() > KEPT_LINES) {
        lastLines.remove();
      }
      if (patterns.stream().anyMatch(pattern -> pattern.matcher(line).find())) {
        findings.add(line);
      }
    } finally {
      lock.unlock();
    }
    listener.accept(line);
  }

  void ended() {
    lock.lock();
    try {
      openStreams--;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits for the reply and every line before it, or for the end of both streams.
   *
   * @return the reply, or null when the streams ended or the time passed
   */
  @Nullable String await(long nanos) throws InterruptedException {
    lock.lock();
    try {
      long left = nanos;
      while ((reply == null || !errorsComplete) && openStreams > 0 && left > 0) {
        left = changed.awaitNanos(left);
      }
      return errorsComplete ? reply : null;
    } finally {
      lock.unlock();
    }
  }

  /** Returns whether the worker can still write. */
  boolean isOpen() {
    lock.lock();
    try {
      return openStreams > 0;
    } finally {
      lock.unlock();
    }
  }

  /** Waits until both streams have ended, at most the given time. */
  void awaitEnd(long limit, TimeUnit unit) throws InterruptedException {
    lock.lock();
    try {
      long left = unit.toNanos(limit);
      while (openStreams > 0 && left > 0) {
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  List<String> findings() {
    lock.lock();
    try {
      return List.copyOf(findings);
    } finally {
      lock.unlock();
    }
  }

  List<String> lastLines() {
    lock.lock();
    try {
      return List.copyOf(lastLines);
    } finally {
      lock.unlock();
    }
  }
}
