package org.touchstone.conformance.bench;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.touchstone.backends.spi.LimitProbe.Limit;

/**
 * What a workload showed on a device.
 *
 * @param name the workload
 * @param op the operator
 * @param device URI of the device
 * @param kernel the kernel that ran; empty when none did
 * @param problem why there are no figures, for example a wrong result; empty when there are
 * @param times of a launch; empty with a problem
 * @param operations floating-point operations of a launch
 * @param bytes bytes that a launch moves at least
 * @param limits medians of what was probed beside it, in bytes or operations per second
 * @param limit what bounds it; empty when no probe knows the device
 * @param memory what a launch holds beside its activations; empty when it never ran
 * @param peers other programs in the same run
 * @param profile methods that launches spent their time in, the hottest first; empty unless wanted
 */
public record Measurement(
    String name,
    String op,
    String device,
    String kernel,
    Optional<String> problem,
    Optional<Times> times,
    double operations,
    double bytes,
    Map<Limit, Double> limits,
    Optional<Bound> limit,
    Optional<Memory> memory,
    List<PeerTime> peers,
    List<Share> profile) {
  /** Copies map and list. */
  public Measurement {
    limits = Map.copyOf(limits);
    peers = List.copyOf(peers);
    profile = List.copyOf(profile);
  }

  /** Creates a measurement without a profile. */
  public Measurement(
      String name,
      String op,
      String device,
      String kernel,
      Optional<String> problem,
      Optional<Times> times,
      double operations,
      double bytes,
      Map<Limit, Double> limits,
      Optional<Bound> limit,
      Optional<Memory> memory,
      List<PeerTime> peers) {
    this(
        name,
        op,
        device,
        kernel,
        problem,
        times,
        operations,
        bytes,
        limits,
        limit,
        memory,
        peers,
        List.of());
  }

  /**
   * Nanoseconds of a launch over the samples.
   *
   * @param median middle of the samples
   * @param p10 a tenth of them is faster
   * @param p90 a tenth of them is slower
   * @param samples number of samples
   * @param discarded samples left out because another program had taken a processor
   */
  public record Times(double median, double p10, double p90, int samples, int discarded) {
    static Times of(double[] nanos, int discarded) {
      double[] sorted = nanos.clone();
      java.util.Arrays.sort(sorted);
      return new Times(
          quantile(sorted, 0.5),
          quantile(sorted, 0.1),
          quantile(sorted, 0.9),
          sorted.length,
          discarded);
    }

    static double quantile(double[] sorted, double q) {
      double at = q * (sorted.length - 1);
      int low = (int) at;
      int high = Math.min(low + 1, sorted.length - 1);
      return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
    }
  }

  /**
   * The limit that a launch cannot beat, measured beside every sample.
   *
   * @param kind memory or arithmetic
   * @param value median of the probe, in bytes or operations per second
   * @param share the part of the limit that the kernel reached; 1 is all of it
   */
  public record Bound(Limit kind, double value, double share) {}

  /**
   * Memory of a launch on the device.
   *
   * @param workspace bytes of its queue's workspace, which the next launch uses again
   * @param weights elements of the weights that can be packed; 0 without such weights
   * @param weightBytes bytes in which the device holds them, padding included
   */
  public record Memory(long workspace, long weights, long weightBytes) {}

  /**
   * A method in a profile.
   *
   * @param method class and name
   * @param share the part of the samples that found a thread in it
   */
  public record Share(String method, double share) {}

  /**
   * Another program at the same work.
   *
   * @param name the program
   * @param problem why there are no figures: its result was wrong
   * @param median nanoseconds; 0 with a problem
   * @param ratio its time over ours, median of alternating samples; above 1 ours is faster
   */
  public record PeerTime(String name, Optional<String> problem, double median, double ratio) {
    static PeerTime of(String name, double median, double ratio) {
      return new PeerTime(name, Optional.empty(), median, ratio);
    }

    static PeerTime wrong(String name, @Nullable String why) {
      return new PeerTime(name, Optional.of(String.valueOf(why)), 0, 0);
    }
  }

  /** Returns 10^9 operations per second; 0 with a problem. */
  public double gigaflops() {
    return times.map(t -> operations / t.median()).orElse(0.0);
  }

  /** Returns 10^9 bytes per second; 0 with a problem. */
  public double gigabytes() {
    return times.map(t -> bytes / t.median()).orElse(0.0);
  }
}
