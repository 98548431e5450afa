package org.touchstone.conformance.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.touchstone.conformance.cases.TestCase;
import org.touchstone.conformance.data.InputData;

/**
 * A peer at one workload: copies of its work, run in turn so that no launch finds data in a cache.
 */
final class Contestant implements AutoCloseable {
  /**
   * Largest share of the result's energy that may be wrong: a peer may round where we do not, or
   * keep what we quantise, but it must do the same work.
   */
  private static final double LARGEST_ERROR = 5e-3;

  private final String name;
  private final List<Peer.Work> copies;
  private int next;

  private Contestant(String name, List<Peer.Work> copies) {
    this.name = name;
    this.copies = copies;
  }

  /** Prepares the peers that know the operator. */
  static List<Contestant> of(
      List<Peer> peers, TestCase testCase, InputData data, int threads, int copies) {
    List<Contestant> contestants = new ArrayList<>();
    try {
      for (Peer peer : peers) {
        List<Peer.Work> works = new ArrayList<>();
        contestants.add(new Contestant(peer.name(), works));
        Optional<Peer.Work> work = Optional.empty();
        do {
          work = peer.prepare(testCase, data.tensors(), threads);
          work.ifPresent(works::add);
        } while (work.isPresent() && works.size() < copies);
        if (works.isEmpty()) {
          contestants.removeLast();
        }
      }
      return contestants;
    } catch (RuntimeException e) {
      contestants.forEach(Contestant::close);
      throw e;
    }
  }

  String name() {
    return name;
  }

  /** Runs the next copy. */
  void run() {
    copies.get(next).run();
    next = (next + 1) % copies.size();
  }

  /** Compares a result with ours, and says what is wrong with it. */
  Optional<String> judge(double[] ours) {
    copies.getFirst().run();
    float[] theirs = copies.getFirst().output();
    if (theirs.length != ours.length) {
      return Optional.of(theirs.length + " results, expected " + ours.length);
    }
    double error = 0;
    double energy = 0;
    for (int i = 0; i < ours.length; i++) {
      error += (theirs[i] - ours[i]) * (theirs[i] - ours[i]);
      energy += ours[i] * ours[i];
    }
    // NaN fails, too.
    return error <= LARGEST_ERROR * energy
        ? Optional.empty()
        : Optional.of(
            String.format(Locale.ROOT, "wrong by %.1g of the result's energy", error / energy));
  }

  @Override
  public void close() {
    copies.forEach(Peer.Work::close);
    copies.clear();
  }
}
