package org.touchstone.tools.model.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongConsumer;
import org.touchstone.tools.model.ModelConfig;
import org.touchstone.tools.model.inference.LanguageModel;

/**
 * Measures how well a model predicts a text: the mean negative log-likelihood of its tokens in
 * consecutive windows, each from position 0 with nothing before it, the first token of each window
 * not scored.
 */
public final class Scorer {
  /**
   * The measurement.
   *
   * @param tokens tokens of the text
   * @param windows windows
   * @param scored scored tokens
   * @param nats sum of the negative log-likelihoods
   * @param seconds time of the forward passes
   */
  public record Score(long tokens, long windows, long scored, double nats, double seconds) {
    /** Returns the mean negative log-likelihood. */
    public double natsPerToken() {
      return nats / scored;
    }

    /** Returns the same in bits. */
    public double bitsPerToken() {
      return natsPerToken() / Math.log(2);
    }

    /** Returns the speed of the forward passes. */
    public double tokensPerSecond() {
      return tokens / seconds;
    }
  }

  private final LanguageModel model;
  private final int window;

  /**
   * Creates a scorer.
   *
   * @param window tokens per window
   */
  public Scorer(LanguageModel model, int window) {
    this.model = model;
    this.window = window;
  }

  /**
   * Checks a request before anything is loaded.
   *
   * @param window tokens per window
   * @param tokens tokens of the text
   * @throws Impossible when no device could do it
   */
  public static void requirePossible(ModelConfig config, int window, int tokens) {
    int limit = Math.min(config.common().maxPositions(), LanguageModel.MAX_BATCH_TOKENS);
    if (window < 2 || window > limit) {
      throw new Impossible("window", "2 to " + limit + " tokens", Integer.toString(window));
    }
    if (tokens < 2) {
      throw new Impossible("text", "at least 2 tokens", Integer.toString(tokens));
    }
  }

  /**
   * Scores a text.
   *
   * @param text at least 2 tokens; a last window of a single token is left out
   * @param progress gets the number of tokens done so far
   * @throws Impossible when {@link #requirePossible} says so
   */
  public Score score(int[] text, LongConsumer progress) {
    requirePossible(model.blueprint().config(), window, text.length);
    long windows = 0;
    long scored = 0;
    long done = 0;
    double nats = 0;
    double seconds = 0;
    for (List<int[]> batch : batches(text)) {
      long start = System.nanoTime();
      float[] logits = model.logits(batch);
      seconds += (System.nanoTime() - start) * 1e-9;
      int row = 0;
      for (int[] ids : batch) {
        for (int i = 1; i < ids.length; i++) {
          nats += surprise(logits, row + i - 1, ids[i]);
        }
        row += ids.length;
        windows++;
        scored += ids.length - 1L;
      }
      done += row;
      progress.accept(done);
    }
    return new Score(done, windows, scored, nats, seconds);
  }

  /** Groups windows of equal length, as many as one forward pass takes. */
  private List<List<int[]>> batches(int[] text) {
    List<List<int[]>> batches = new ArrayList<>();
    int perBatch = LanguageModel.MAX_BATCH_TOKENS / window;
    for (int from = 0; from + 1 < text.length; from += window) {
      int[] ids = Arrays.copyOfRange(text, from, Math.min(text.length, from + window));
      List<int[]> last = batches.isEmpty() ? List.of() : batches.getLast();
      if (last.isEmpty() || last.size() == perBatch || ids.length < window) {
        last = new ArrayList<>();
        batches.add(last);
      }
      last.add(ids);
    }
    return batches;
  }

  private double surprise(float[] logits, int row, int id) {
    int vocabulary = model.blueprint().config().common().vocabulary();
    return -LogProbabilities.of(logits, row, vocabulary)[id];
  }
}
