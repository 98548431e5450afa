package org.touchstone.tools.model.text;

import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;
import org.touchstone.api.op.SampleSpec;
import org.touchstone.tools.model.ModelConfig;
import org.touchstone.tools.model.inference.LanguageModel;
import org.touchstone.tools.model.inference.Session;

/** Continues a prompt. */
public final class Generator {
  /** What happens at a token that ends a text. */
  public enum EndOfText {
    /** Generation stops before it. */
    STOP,
    /** It is a token like any other. */
    IGNORE
  }

  /**
   * What was done.
   *
   * @param promptTokens tokens of the prompt
   * @param promptTime time until the first token was drawn
   * @param newTokens tokens drawn
   * @param decodeTime time for the tokens after the first
   * @param lateTokens tokens drawn in the second half of what was allowed
   * @param lateTime time for these
   */
  public record Result(
      int promptTokens,
      Duration promptTime,
      int newTokens,
      Duration decodeTime,
      int lateTokens,
      Duration lateTime) {
    /** Returns tokens per second after the first one; 0 when there are none. */
    public double tokensPerSecond() {
      return rate(newTokens - 1, decodeTime);
    }

    /** Returns tokens per second of the second half, when code and caches are warm. */
    public double lateTokensPerSecond() {
      return rate(lateTokens, lateTime);
    }

    private static double rate(int tokens, Duration time) {
      return tokens < 1 ? 0 : tokens * 1e9 / Math.max(1, time.toNanos());
    }
  }

  private final LanguageModel model;
  private final SampleSpec sampling;
  private final EndOfText endOfText;

  /**
   * Creates a generator.
   *
   * @param sampling how tokens are drawn
   */
  public Generator(LanguageModel model, SampleSpec sampling, EndOfText endOfText) {
    this.model = model;
    this.sampling = sampling;
    this.endOfText = endOfText;
  }

  /**
   * Checks a request before anything is loaded.
   *
   * @throws Impossible when no device could do it
   */
  public static void requirePossible(ModelConfig config, int promptTokens, int maxTokens) {
    int limit = config.common().maxPositions();
    if (promptTokens == 0 || maxTokens < 1 || promptTokens + maxTokens - 1 > limit) {
      throw new Impossible(
          "prompt and new tokens",
          "at least one of each, and together at most "
              + (limit + 1)
              + " for the model's "
              + limit
              + " positions",
          promptTokens + " and " + maxTokens);
    }
  }

  /**
   * Generates.
   *
   * @param prompt at least one token
   * @param maxTokens most new tokens
   * @param seed of the uniform variates; the same seed gives the same text on the same device
   * @param sink gets every new token as soon as it is drawn
   * @throws Impossible when {@link #requirePossible} says so
   */
  public Result generate(int[] prompt, int maxTokens, long seed, IntConsumer sink) {
    requirePossible(model.blueprint().config(), prompt.length, maxTokens);
    SplittableRandom random = new SplittableRandom(seed);
    try (Session session = model.openSession(prompt.length + maxTokens - 1, sampling)) {
      long start = System.nanoTime();
      int id = session.append(prompt, variate(random));
      long first = System.nanoTime();
      int half = Math.max(1, maxTokens / 2);
      long late = first;
      int drawn = 1;
      while (emit(id, sink) && drawn < maxTokens) {
        if (drawn == half) {
          late = System.nanoTime();
        }
        id = session.append(new int[] {id}, variate(random));
        drawn++;
      }
      long end = System.nanoTime();
      return new Result(
          prompt.length,
          Duration.ofNanos(first - start),
          drawn,
          Duration.ofNanos(end - first),
          Math.max(0, drawn - half),
          Duration.ofNanos(end - late));
    }
  }

  private boolean emit(int id, IntConsumer sink) {
    List<Integer> ends = model.blueprint().config().common().endOfText();
    if (endOfText == EndOfText.STOP && ends.contains(id)) {
      return false;
    }
    sink.accept(id);
    return true;
  }

  /** Draws from [0, 1) on a grid of 2^-24, so that no variate rounds up to 1 in F32. */
  private static float variate(SplittableRandom random) {
    return (random.nextInt() >>> 8) * 0x1p-24f;
  }
}
