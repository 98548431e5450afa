package org.touchstone.conformance.cases;

import java.util.Arrays;
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

  /** Whether sequences have pages in common. */
  enum Sharing {
    /** Every page belongs to one sequence. */
    NONE,
    /** Whole pages at the beginning belong to all sequences: a common prompt. */
    PREFIX
  }

  PagedSequences(int pageSize, Sharing sharing, long... lengths) {
    this.lengths = lengths.clone();
    this.pageSize = pageSize;
    this.sharing = sharing;
  }

  /** Returns other sequences in pages of the same size. */
  PagedSequences with(long... others) {
    return new PagedSequences(pageSize, sharing, others);
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
    long[] table = table(data);
    long[] keys = new long[(used() + 1) * pageSize];
    Arrays.fill(keys, -1);
    for (int b = 0; b < lengths.length; b++) {
      for (long j = 0; j < lengths[b]; j++) {
        long page = table[b * width() + (int) (j / pageSize)];
        keys[(int) (page * pageSize + j % pageSize)] = j;
      }
    }
    return keys;
  }

  /** Writes NaN wherever a cache holds no key. */
  void poisonUnused(InputData data, String slot) {
    if (!data.has(slot)) {
      return;
    }
    DType dtype = data.tensor(slot).dtype();
    FloatFormat format = dtype.format();
    long[] keys = keys(data);
    long[] codes = HostTensors.codes(data.tensor(slot));
    int width = codes.length / keys.length;
    for (int i = 0; i < codes.length; i++) {
      if (keys[i / width] < 0) {
        codes[i] = Integer.toUnsignedLong(format.nanCode().orElseThrow());
      }
    }
    data.set(slot, codes);
  }
}
