package org.touchstone.tools.cli;

import org.touchstone.conformance.CaseResult;
import org.touchstone.conformance.ConformanceListener;
import org.touchstone.conformance.MutantResult;

/** Shows progress, and failures as soon as they happen. */
final class SuiteProgress implements ConformanceListener, AutoCloseable {
  private final Streams streams;
  private Progress progress;
  private long done;

  SuiteProgress(Streams streams) {
    this.streams = streams;
    this.progress = new Progress(streams, "cases", 0);
  }

  @Override
  public void started(String device, int cases) {
    progress.close();
    progress = new Progress(streams, "cases on " + device, cases);
    done = 0;
  }

  @Override
  public void finished(CaseResult result) {
    summarized(result);
    progress.done(++done);
  }

  @Override
  public void summarized(CaseResult result) {
    if (result.outcome().failing()) {
      progress.close();
      streams
          .err()
          .println(
              result.outcome().label()
                  + " "
                  + result.name()
                  + " on "
                  + result.device()
                  + ": "
                  + result.reason()
                  + "; again: "
                  + result.repro());
    }
  }

  @Override
  public void finished(MutantResult result) {
    progress.done(++done);
  }

  @Override
  public void notice(String text) {
    progress.close();
    streams.err().println(text);
  }

  @Override
  public void close() {
    progress.close();
  }
}
