package org.touchstone.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A part of a run, so that several machines share it. Items go to shards in turn, so the parts of
 * one list are disjoint, complete and about equally long.
 *
 * @param index from 1 to {@code count}
 * @param count number of shards
 */
public record Shard(int index, int count) {
  /** The whole run. */
  public static final Shard ALL = new Shard(1, 1);

  private static final Pattern TEXT = Pattern.compile("([0-9]{1,6})/([0-9]{1,6})");

  /** Checks the numbers. */
  public Shard {
    if (index < 1 || index > count) {
      throw new ConformanceException(
          ExitCode.USAGE,
          "shard " + index + "/" + count + " does not exist, expected i/n with 1 <= i <= n");
    }
  }

  /**
   * Reads {@code i/n}, for example {@code 2/4}.
   *
   * @throws ConformanceException for any other text
   */
  public static Shard of(String text) {
    Matcher matcher = TEXT.matcher(text);
    if (!matcher.matches()) {
      throw new ConformanceException(
          ExitCode.USAGE, "shard '" + text + "' is not of the form i/n, for example 2/4");
    }
    return new Shard(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)));
  }

  /** Returns the elements of this shard, in order. */
  <T> List<T> of(List<T> all) {
    List<T> part = new ArrayList<>();
    for (int i = index - 1; i < all.size(); i += count) {
      part.add(all.get(i));
    }
    return part;
  }

  @Override
  public String toString() {
    return index + "/" + count;
  }
}
