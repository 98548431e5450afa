package org.touchstone.tools.model.inference;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.touchstone.api.Completion;
import org.touchstone.api.Operator;
import org.touchstone.api.Queue;
import org.touchstone.api.Receipt;
import org.touchstone.api.op.Args;

/** The launches of one batch shape, recorded once and submitted as often as needed. */
final class Program {
  /**
   * One launch.
   *
   * @param operator what runs
   * @param args its tensors
   */
  record Launch<A extends Args>(Operator<A> operator, A args) {
    Completion submit(Queue queue) {
      return operator.submit(queue, args);
    }
  }

  private final Launch<?>[] launches;
  private final List<Completion> first = new ArrayList<>();
  private boolean submitted;

  Program(List<Launch<?>> launches) {
    this.launches = launches.toArray(new Launch<?>[0]);
  }

  /** Returns the number of launches. */
  int size() {
    return launches.length;
  }

  /** Submits every launch; waits for none. */
  void submit(Queue queue) {
    for (Launch<?> launch : launches) {
      Completion completion = launch.submit(queue);
      if (!submitted) {
        first.add(completion);
      }
    }
    submitted = true;
  }

  /** Returns the receipts of the first submission, one per launch; waits for it. */
  Set<Receipt> receipts() {
    Set<Receipt> receipts = new LinkedHashSet<>();
    first.forEach(completion -> receipts.add(completion.receipt()));
    return receipts;
  }
}
