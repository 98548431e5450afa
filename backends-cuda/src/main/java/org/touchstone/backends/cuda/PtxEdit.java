package org.touchstone.backends.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One change of the text of a kernel.
 *
 * @param anchor what is replaced
 * @param which the match that is replaced, from 1; 0 for all
 * @param of how often the anchor has to match in the kernel; anything else is drift of the text
 * @param replacement what stands in its place; {@code $1} is the anchor's first group
 */
record PtxEdit(Pattern anchor, int which, int of, String replacement) {
  private static final Pattern ENTRY =
      Pattern.compile("(?ms)^\\.visible \\.entry (\\w+)\\(.*?^\\}$");

  /** Checks that the match exists. */
  PtxEdit {
    if (which < 0 || which > of || of < 1) {
      throw new IllegalArgumentException("match " + which + " of " + of + " does not exist");
    }
  }

  /**
   * Changes kernels of a module.
   *
   * @param ptx the text of the module
   * @param kernels the names of the kernels that are changed, each by all edits
   * @throws IllegalStateException when the text is not the one that the edits were made for
   */
  static String apply(String ptx, Pattern kernels, List<PtxEdit> edits) {
    StringBuilder changed = new StringBuilder();
    int copied = 0;
    boolean found = false;
    Matcher entries = ENTRY.matcher(ptx);
    while (entries.find()) {
      if (!kernels.matcher(entries.group(1)).matches()) {
        continue;
      }
      String kernel = entries.group();
      for (PtxEdit edit : edits) {
        kernel = edit.applyTo(entries.group(1), kernel);
      }
      changed.append(ptx, copied, entries.start()).append(kernel);
      copied = entries.end();
      found = true;
    }
    if (!found) {
      throw new IllegalStateException("the text has no kernel named " + kernels);
    }
    return changed.append(ptx, copied, ptx.length()).toString();
  }

  private String applyTo(String name, String kernel) {
    List<MatchResult> matches = new ArrayList<>(anchor.matcher(kernel).results().toList());
    if (matches.size() != of) {
      throw new IllegalStateException(
          "'" + anchor + "' matches " + matches.size() + " times in " + name + ", expected " + of);
    }
    Matcher matcher = anchor.matcher(kernel);
    StringBuilder changed = new StringBuilder();
    for (int i = 1; matcher.find(); i++) {
      boolean chosen = which == 0 || which == i;
      matcher.appendReplacement(
          changed, chosen ? replacement : Matcher.quoteReplacement(matcher.group()));
    }
    return matcher.appendTail(changed).toString();
  }
}
