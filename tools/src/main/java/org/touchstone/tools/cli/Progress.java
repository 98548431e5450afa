package org.touchstone.tools.cli;

import java.io.PrintStream;
import java.time.Duration;

/** Shows on stderr how far long work is: a bar on a terminal, a line now and then in a log. */
final class Progress implements AutoCloseable {
  private static final Duration LINE_EVERY = Duration.ofSeconds(30);
  private static final Duration BAR_EVERY = Duration.ofMillis(100);
  private static final int WIDTH = 30;

  private final PrintStream err;
  private final Streams.Attention attention;
  private final String what;
  private final long total;
  private long shown = System.nanoTime();
  private boolean barVisible;

  /**
   * Starts.
   *
   * @param what unit of the work, for example {@code tokens}
   * @param total amount of work
   */
  Progress(Streams streams, String what, long total) {
    this.err = streams.err();
    this.attention = streams.attention();
    this.what = what;
    this.total = total;
  }

  /** Takes the amount of work done. */
  synchronized void done(long amount) {
    boolean bar = attention == Streams.Attention.TERMINAL;
    long now = System.nanoTime();
    if (now - shown < (bar ? BAR_EVERY : LINE_EVERY).toNanos()) {
      return;
    }
    shown = now;
    if (bar) {
      int filled = total == 0 ? WIDTH : Math.toIntExact(amount * WIDTH / total);
      err.print("\r[" + "#".repeat(filled) + " ".repeat(WIDTH - filled) + "] " + text(amount));
      err.flush();
      barVisible = true;
    } else {
      err.println(text(amount));
    }
  }

  private String text(long amount) {
    return amount + " of " + total + " " + what;
  }

  /** Removes the bar. */
  @Override
  public synchronized void close() {
    if (barVisible) {
      err.print("\r" + " ".repeat(WIDTH + 3 + text(total).length()) + "\r");
      err.flush();
    }
  }
}
