package org.touchstone.conformance.cases;

import java.util.List;

/**
 * How to make a case of other sizes: failures are shrunk and random cases are drawn with it, and a
 * case of any size runs by its name.
 *
 * @param labels the labels whose values hold the sizes, in the order of {@link Remake}'s argument
 * @param remake makes the case
 */
public record Sizing(List<String> labels, Remake remake) {
  /** Makes a case from sizes. */
  @FunctionalInterface
  public interface Remake {
    /** Makes the same case with other sizes; throws where a spec refuses them. */
    TestCase.Builder of(long[] sizes);
  }

  /** Copies the list. */
  public Sizing {
    labels = List.copyOf(labels);
  }
}
