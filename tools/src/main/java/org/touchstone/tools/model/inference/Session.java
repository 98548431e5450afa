package org.touchstone.tools.model.inference;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Buffer;
import org.touchstone.api.Queue;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.SampleSpec;

/**
 * One growing sequence with its cache. The first tokens attend to each other; tokens that follow
 * attend to the cache. Used by one thread at a time.
 */
public final class Session implements AutoCloseable {
  record Step(Program program, Control control, Tensor logits) {}

  private final LanguageModel model;
  private final SampleSpec sampling;
  private final KvCache cache;
  private final int maxTokens;
  private final Map<Batch, Step> steps = new HashMap<>();
  private final Arena arena = Arena.ofShared();
  private final MemorySegment sampled = arena.allocate(ValueLayout.JAVA_INT);
  private final Tensor sampledOnHost = Tensor.of(Buffer.ofHost(sampled), DType.I32, Shape.of(1));
  private int position;
  private @Nullable Step last;

  Session(LanguageModel model, int maxTokens, SampleSpec sampling) {
    this.model = model;
    this.sampling = sampling;
    this.maxTokens = maxTokens;
    this.cache = new KvCache(model.device(), model.blueprint(), maxTokens);
  }

  /** Returns the number of tokens so far. */
  public int position() {
    return position;
  }

  /**
   * Appends tokens and draws the one that follows them.
   *
   * @param ids at least one token
   * @param uniform variate in [0, 1) for the draw; not used at temperature 0
   * @return the drawn token, which is not appended
   * @throws IllegalArgumentException when the cache cannot hold the tokens
   */
  public int append(int[] ids, float uniform) {
    if (ids.length == 0 || ids.length > maxTokens - position) {
      throw new IllegalArgumentException(
          "cannot append "
              + ids.length
              + " tokens to a sequence of "
              + position
              + " whose cache holds "
              + maxTokens);
    }
    for (int from = 0; from < ids.length; from += LanguageModel.MAX_BATCH_TOKENS) {
      run(ids, from, Math.min(ids.length, from + LanguageModel.MAX_BATCH_TOKENS), uniform);
    }
    model.queue().copy(model.sampled(), sampledOnHost).join();
    return sampled.get(ValueLayout.JAVA_INT, 0);
  }

  private void run(int[] ids, int from, int to, float uniform) {
    Batch batch =
        new Batch(
            to - from,
            1,
            position == 0 ? Batch.Attending.BATCH_CACHED : Batch.Attending.CACHE,
            Batch.Rows.LAST,
            cache.pages());
    Step step = steps.get(batch);
    if (step == null) {
      step = model.step(batch, cache, sampling);
      for (int i = 0; i < cache.pages(); i++) {
        step.control().page(0, i, cache.page(i));
      }
      step.control().bound(0, 0);
      step.control().bound(1, batch.tokens());
      steps.put(batch, step);
    }
    Queue queue = model.queue();
    if (last != null) {
      // The host block of an earlier run may still be on its way to the device.
      queue.finish();
    }
    Control control = step.control();
    for (int i = from; i < to; i++) {
      control.token(i - from, ids[i], position, cache.slot(position));
      position++;
    }
    control.length(0, position);
    control.uniform(uniform);
    control.upload(queue);
    step.program().submit(queue);
    last = step;
  }

  /** Returns the logits of the last token, one per token id. */
  public float[] logits() {
    if (last == null) {
      throw new IllegalStateException("no token was appended yet");
    }
    return model.download(last.logits());
  }

  /** Frees the cache. */
  @Override
  public void close() {
    model.queue().finish();
    steps.values().forEach(step -> step.control().close());
    cache.close();
    arena.close();
  }
}
