package org.touchstone.conformance.cases;

import java.util.Arrays;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.FloatFormat;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.conformance.data.InputData;

/**
 * Sequences in the shuffled pages of a cache. What no key may touch is made to show: table entries
 * beyond a sequence's length point far outside, slots that hold no key hold NaN, and one page
 * belongs to nobody.
 */
final class PagedSequences {
  /** No cache has so many pages. */
  private static final long NOWHERE = 0x3FFF_FFFF;

  private final long[] lengths;
  private final int pageSize;
  private final Sharing sharing;
  private final LastKey lastKey;

  /** Whether sequences have pages in common. */
  enum Sharing {
    /** Every page belongs to one sequence. */
    NONE,
    /** Whole pages at the beginning belong to all sequences: a common prompt. */
    PREFIX
  }

  /** What the last key of every sequence holds. */
  enum LastKey {
    /** What the other keys hold. */
    NUMBER,
    /** NaN in every element. */
    NAN,
    /** Infinity in the first element. */
    INFINITY
  }

  PagedSequences(int pageSize, Sharing sharing, long... lengths) {
    this(pageSize, sharing, LastKey.NUMBER, lengths);
  }

  private PagedSequences(int pageSize, Sharing sharing, LastKey lastKey, long... lengths) {
    this.lengths = lengths.clone();
    this.pageSize = pageSize;
    this.sharing = sharing;
    this.lastKey = lastKey;
  }

  /** Returns other sequences in pages of the same size. */
  PagedSequences with(long... others) {
    return new PagedSequences(pageSize, sharing, lastKey, others);
  }

  /** Returns the same sequences with these last keys. */
  PagedSequences lastKey(LastKey other) {
    return new PagedSequences(pageSize, sharing, other, lengths);
  }

  /**
   * Begins a case of {@code queries} tokens per sequence that read such a cache.
   *
   * @param label names what the operator and its data are, before the sequences
   */
  TestCase.Builder decode(
      OpSpec<?> spec,
      DataFamily family,
      DType cache,
      long queries,
      UnaryOperator<TestCase.Builder> label) {
    TestCase.Builder builder =
        TestCase.of(spec, family).extent("Sq", queries).label("cache", cache);
    return describe(label.apply(builder)).batch("B");
  }

  /** Names lengths and gives the symbols of caches and tables their values. */
  TestCase.Builder describe(TestCase.Builder builder) {
    builder
        .label("len", AttentionPrefillCases.text(lengths))
        .label("page", pageSize)
        .derived("B", lengths.length)
        .derived("pages", used() + 1L)
        .derived("maxPages", width());
    if (lastKey != LastKey.NUMBER) {
      builder.label("last", lastKey.name().toLowerCase(Locale.ROOT));
    }
    return sharing == Sharing.NONE ? builder : builder.label("pages", "shared");
  }

  /** Returns the tokens per page. */
  int pageSize() {
    return pageSize;
  }

  private int pages(int b) {
    return Math.toIntExact(Math.ceilDiv(lengths[b], pageSize));
  }

  /** Returns how many pages of a sequence belong to the first one as well. */
  private int shared(int b) {
    return b == 0 || sharing == Sharing.NONE
        ? 0
        : Math.toIntExact(Math.min(lengths[0], lengths[b]) / pageSize);
  }

  private int used() {
    int used = 0;
    for (int b = 0; b < lengths.length; b++) {
      used += pages(b) - shared(b);
    }
    return used;
  }

  private int width() {
    int width = 0;
    for (int b = 0; b < lengths.length; b++) {
      width = Math.max(width, pages(b));
    }
    return width + 1;
  }

  /** Fills {@code blockTable} and {@code seqLens}. */
  void fillTable(InputData data) {
    data.set("blockTable", table(data));
    data.set("seqLens", lengths);
  }

  private long[] table(InputData data) {
    int[] order = data.random("pages").permutation(used() + 1);
    long[] table = new long[lengths.length * width()];
    Arrays.fill(table, NOWHERE);
    int next = 0;
    for (int b = 0; b < lengths.length; b++) {
      for (int p = 0; p < pages(b); p++) {
        table[b * width() + p] = p < shared(b) ? table[p] : order[next++];
      }
    }
    return table;
  }

  /** Returns for every place of the cache which key of its sequence it holds, -1 for none. */
  long[] keys(InputData data) {
    long[] keys = new long[(used() + 1) * pageSize];
    Arrays.fill(keys, -1);
    places(data, (b, j, place) -> keys[place] = j);
    return keys;
  }

  /** Takes the number of a sequence, of one of its keys, and the key's place in the cache. */
  @FunctionalInterface
  private interface PlaceVisitor {
    void at(int sequence, long key, int place);
  }

  private void places(InputData data, PlaceVisitor visitor) {
    long[] table = table(data);
    for (int b = 0; b < lengths.length; b++) {
      for (long j = 0; j < lengths[b]; j++) {
        long page = table[b * width() + (int) (j / pageSize)];
        visitor.at(b, j, (int) (page * pageSize + j % pageSize));
      }
    }
  }

  /** Writes NaN wherever a cache holds no key, and what the last keys shall hold. */
  void poison(InputData data, String slot) {
    if (!data.has(slot)) {
      return;
    }
    DType dtype = data.tensor(slot).dtype();
    FloatFormat format = dtype.format();
    long nan = Integer.toUnsignedLong(format.nanCode().orElseThrow());
    long[] codes = HostTensors.codes(data.tensor(slot));
    boolean[] used = new boolean[(used() + 1) * pageSize];
    int width = codes.length / used.length;
    places(
        data,
        (b, j, place) -> {
          boolean last = j + 1 == lengths[b];
          used[place] = !last || lastKey != LastKey.NAN;
          if (last && lastKey == LastKey.INFINITY) {
            codes[place * width] = Integer.toUnsignedLong(format.infinityCode().orElseThrow());
          }
        });
    for (int i = 0; i < codes.length; i++) {
      if (!used[i / width]) {
        codes[i] = nan;
      }
    }
    data.set(slot, codes);
  }
}
