package org.touchstone.backends.worker;

import java.time.Duration;
import java.util.List;

/** What became of a request. */
public sealed interface WorkerReply {
  /**
   * Lines that the worker wrote meanwhile and that match one of the command's findings: a checker's
   * reports, for example. Every line is there when the reply is.
   */
  List<String> findings();

  /**
   * The worker answered.
   *
   * @param line the answer
   * @param findings matching lines on stderr and stdout
   */
  record Answer(String line, List<String> findings) implements WorkerReply {
    /** Copies the list. */
    public Answer {
      findings = List.copyOf(findings);
    }
  }

  /**
   * The worker ended instead of answering.
   *
   * @param exit how it ended
   * @param findings matching lines on stderr and stdout
   * @param lastLines the last lines that it wrote
   */
  record Crashed(WorkerExit exit, List<String> findings, List<String> lastLines)
      implements WorkerReply {
    /** Copies the lists. */
    public Crashed {
      findings = List.copyOf(findings);
      lastLines = List.copyOf(lastLines);
    }
  }

  /**
   * The worker did not answer in time and was killed.
   *
   * @param limit the time limit
   * @param findings matching lines on stderr and stdout
   * @param lastLines the last lines that it wrote
   */
  record TimedOut(Duration limit, List<String> findings, List<String> lastLines)
      implements WorkerReply {
    /** Copies the lists. */
    public TimedOut {
      findings = List.copyOf(findings);
      lastLines = List.copyOf(lastLines);
    }
  }
}
