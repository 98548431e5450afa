package org.touchstone.backends.cuda.sim.exec;

import java.util.ArrayList;
import java.util.List;

/** Counts memory transactions by instruction. Confined to a thread until merged. */
final class AccessCounts {
  private static final int FIELDS = 4;

  /** Per instruction: executed, transactions, ideal, 1 if the space is shared memory. */
  private final long[] counts;

  private final int[] bank = new int[32];
  private final long[] seen = new long[128];

  AccessCounts(int instructions) {
    counts = new long[instructions * FIELDS];
  }

  void add(AccessCounts other) {
    for (int i = 0; i < counts.length; i++) {
      counts[i] =
          i % FIELDS == 3 ? Math.max(counts[i], other.counts[i]) : counts[i] + other.counts[i];
    }
  }

  /**
   * Counts wavefronts: 32 banks of 4 bytes serve a word each at a time; accesses of 8 bytes go by
   * half warps, of 16 bytes by quarters; lanes that want the same word share it.
   */
  void shared(int index, long[] address, int mask, int bytes) {
    int lanes = bytes >= 16 ? 8 : bytes == 8 ? 16 : 32;
    long waves = 0;
    long ideal = 0;
    for (int first = 0; first < 32; first += lanes) {
      int words = 0;
      java.util.Arrays.fill(bank, 0);
      int most = 0;
      for (int l = first; l < first + lanes; l++) {
        if ((mask >>> l & 1) == 0) {
          continue;
        }
        for (int b = 0; b < bytes; b += 4) {
          long word = (address[l] + b) >> 2;
          if (isNew(word, words)) {
            seen[words++] = word;
            most = Math.max(most, ++bank[(int) word & 31]);
          }
        }
      }
      waves += most;
      ideal += most > 0 ? 1 : 0;
    }
    count(index, waves, ideal, 1);
  }

  /** Counts sectors against those that the distinct bytes would fill. */
  void global(int index, long[] address, int mask, int bytes) {
    int sectors = 0;
    long total = 0;
    for (int l = 0; l < 32; l++) {
      if ((mask >>> l & 1) == 0) {
        continue;
      }
      boolean repeated = false;
      for (int k = 0; k < l; k++) {
        repeated |= (mask >>> k & 1) != 0 && address[k] == address[l];
      }
      total += repeated ? 0 : bytes;
      for (long s = address[l] >> 5; s <= (address[l] + bytes - 1) >> 5; s++) {
        if (isNew(s, sectors)) {
          seen[sectors++] = s;
        }
      }
    }
    count(index, sectors, (total + 31) / 32, 0);
  }

  private boolean isNew(long value, int count) {
    for (int i = count - 1; i >= 0; i--) {
      if (seen[i] == value) {
        return false;
      }
    }
    return true;
  }

  private void count(int index, long transactions, long ideal, long shared) {
    int at = index * FIELDS;
    counts[at]++;
    counts[at + 1] += transactions;
    counts[at + 2] += ideal;
    counts[at + 3] = shared;
  }

  List<LaunchReport.Access> accesses(List<Instruction> code) {
    List<LaunchReport.Access> out = new ArrayList<>();
    for (int i = 0; i < code.size(); i++) {
      int at = i * FIELDS;
      if (counts[at] > 0) {
        Instruction in = code.get(i);
        String source = in.where.source();
        out.add(
            new LaunchReport.Access(
                in.text,
                in.where.ptxLine(),
                source == null ? "" : source,
                counts[at + 3] == 1 ? LaunchReport.Space.SHARED : LaunchReport.Space.GLOBAL,
                counts[at],
                counts[at + 1],
                counts[at + 2]));
      }
    }
    return out;
  }
}
