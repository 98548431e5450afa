package org.touchstone.tools.model.inference;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Buffer;
import org.touchstone.api.Device;
import org.touchstone.api.Queue;
import org.touchstone.api.Receipt;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.EmbeddingArgs;
import org.touchstone.api.op.FusedAddRmsNormArgs;
import org.touchstone.api.op.OpSpec;
import org.touchstone.api.op.RmsNormArgs;
import org.touchstone.api.op.RopeFreqsArgs;
import org.touchstone.api.op.RopeFreqsSpec;
import org.touchstone.api.op.SampleArgs;
import org.touchstone.api.op.SampleSpec;
import org.touchstone.tools.model.Blueprint;

/**
 * A model on a device. Every computation is an operator of the HAL, every transfer a copy of its
 * queue, so any device runs it. Launches are recorded once per batch shape; running one submits
 * them and allocates nothing. Used by one thread at a time.
 */
public final class LanguageModel implements AutoCloseable {
  /** Most tokens of one batch; longer prompts and texts are split. */
  public static final int MAX_BATCH_TOKENS = 1024;

  private record Layer(
      Tensor attentionNorm,
      AttentionBlock attention,
      Tensor feedForwardNorm,
      FeedForwardBlock feedForward) {}

  private record Recorded(Program program, Control control, Tensor logits) {}

  private final Blueprint blueprint;
  private final Device device;
  private final Queue queue;
  private final Operators operators;
  private final Weights weights;
  private final Workspace workspace;
  private final Tensor embedding;
  private final List<Layer> layers = new ArrayList<>();
  private final Tensor finalNorm;
  private final Projection head;
  private final Map<Batch, Recorded> scoring = new HashMap<>();
  private final List<Program> programs = new ArrayList<>();

  private LanguageModel(
      Blueprint blueprint, Device device, Queue queue, Operators operators, Weights weights) {
    this.blueprint = blueprint;
    this.device = device;
    this.queue = queue;
    this.operators = operators;
    this.weights = weights;
    this.workspace = new Workspace(device, MAX_BATCH_TOKENS);
    this.embedding = weights.tensor(blueprint.embedding());
    for (Blueprint.Layer layer : blueprint.layers()) {
      layers.add(
          new Layer(
              weights.tensor(layer.attentionNorm().weight()),
              AttentionBlock.load(layer.attention(), weights),
              weights.tensor(layer.feedForwardNorm().weight()),
              FeedForwardBlock.load(layer.feedForward(), weights)));
    }
    this.finalNorm = weights.tensor(blueprint.finalNorm().weight());
    this.head = Projection.load(blueprint.head(), weights);
  }

  /**
   * Loads a model onto a device. The device and the blueprint's checkpoint must stay open as long
   * as the model.
   */
  public static LanguageModel load(Blueprint blueprint, Device device, Packing packing) {
    Queue queue = device.openQueue();
    Operators operators = new Operators(device);
    Weights weights = new Weights(blueprint.checkpoint(), device, queue, operators, packing);
    try {
      return new LanguageModel(blueprint, device, queue, operators, weights);
    } catch (RuntimeException e) {
      weights.close();
      queue.close();
      throw e;
    }
  }

  /** Returns what the model is. */
  public Blueprint blueprint() {
    return blueprint;
  }

  /** Returns the device. */
  public Device device() {
    return device;
  }

  /** Returns where the weights went. */
  public LoadReport loadReport() {
    return weights.report();
  }

  /** Returns every spec that was prepared so far. */
  public Set<OpSpec<?>> preparedSpecs() {
    return operators.specs();
  }

  /** Returns what ran, taken from the first submission of every program; waits for it. */
  public Set<Receipt> receipts() {
    Set<Receipt> receipts = new LinkedHashSet<>();
    programs.forEach(program -> receipts.addAll(program.receipts()));
    return receipts;
  }

  /**
   * Opens a sequence.
   *
   * @param maxTokens tokens that its cache can hold
   * @param sampling how the next token is drawn
   */
  public Session openSession(int maxTokens, SampleSpec sampling) {
    return new Session(this, maxTokens, sampling);
  }

  /**
   * Computes the logits of every position of several independent sequences, each from position 0.
   *
   * @param sequences token ids; together at most {@link #MAX_BATCH_TOKENS}
   * @return row-major [tokens, vocabulary], sequence after sequence
   */
  public float[] logits(List<int[]> sequences) {
    int tokens = sequences.stream().mapToInt(ids -> ids.length).sum();
    Batch batch = new Batch(tokens, sequences.size(), Batch.Attending.BATCH, Batch.Rows.ALL, 0);
    Recorded recorded = scoring.computeIfAbsent(batch, b -> record(b, null, null));
    Control control = recorded.control();
    int row = 0;
    for (int s = 0; s < sequences.size(); s++) {
      control.bound(s, row);
      int[] ids = sequences.get(s);
      for (int i = 0; i < ids.length; i++) {
        control.token(row, ids[i], i, -1);
        row++;
      }
    }
    control.bound(sequences.size(), row);
    control.upload(queue);
    recorded.program().submit(queue);
    return download(recorded.logits());
  }

  /** Records the launches of a batch shape. */
  Session.Step step(Batch batch, KvCache cache, SampleSpec sampling) {
    Recorded recorded = record(batch, cache, sampling);
    return new Session.Step(recorded.program(), recorded.control(), recorded.logits());
  }

  private Recorded record(Batch batch, @Nullable KvCache cache, @Nullable SampleSpec sampling) {
    Recorder recorder = new Recorder(operators, workspace, batch.tokens());
    Control control = new Control(device, batch);
    RopeFreqsSpec rope = blueprint.layers().getFirst().attention().ropeFreqs();
    Tensor cos = recorder.scratch("cos", DType.F32, rope.rotaryDim() / 2);
    Tensor sin = recorder.scratch("sin", DType.F32, rope.rotaryDim() / 2);
    recorder.add(rope, new RopeFreqsArgs(control.positions(), cos, sin));
    LayerInputs inputs = new LayerInputs(batch, cos, sin, control, cache);

    long hidden = blueprint.config().common().hiddenSize();
    Tensor residual = recorder.scratch("residual", DType.F32, hidden);
    recorder.add(blueprint.lookup(), new EmbeddingArgs(control.ids(), embedding, residual));
    Tensor delta = null;
    for (int i = 0; i < layers.size(); i++) {
      Blueprint.Layer plan = blueprint.layers().get(i);
      Layer layer = layers.get(i);
      Tensor x = recorder.scratch("x", plan.attention().input(), hidden);
      if (delta == null) {
        recorder.add(
            plan.attentionNorm().spec(DType.F32, x.dtype()),
            new RmsNormArgs(residual, layer.attentionNorm(), null, x));
      } else {
        recorder.add(
            plan.attentionNorm().fusedAdd(x.dtype()),
            new FusedAddRmsNormArgs(delta, residual, layer.attentionNorm(), residual, x));
      }
      Tensor attended = layer.attention().record(recorder, inputs, i, new Activation("x", x));
      Tensor h = recorder.scratch("h", plan.feedForward().input(), hidden);
      recorder.add(
          plan.feedForwardNorm().fusedAdd(h.dtype()),
          new FusedAddRmsNormArgs(attended, residual, layer.feedForwardNorm(), residual, h));
      delta = layer.feedForward().record(recorder, new Activation("h", h));
    }
    Tensor logits = recordHead(recorder, batch, residual, delta);
    if (sampling != null) {
      recorder.add(
          sampling,
          new SampleArgs(logits, sampling.random() ? control.uniform() : null, sampled()));
    }
    Program program = new Program(recorder.launches());
    programs.add(program);
    return new Recorded(program, control, logits);
  }

  private Tensor recordHead(
      Recorder recorder, Batch batch, Tensor residual, @Nullable Tensor delta) {
    if (delta == null) {
      throw new IllegalStateException("a model has at least one layer");
    }
    Recorder last = recorder;
    Tensor left = residual;
    Tensor right = delta;
    if (batch.logits() == Batch.Rows.LAST) {
      long end = recorder.tokens();
      last = recorder.withTokens(1);
      left = residual.slice(0, end - 1, end);
      right = delta.slice(0, end - 1, end);
    }
    Tensor normal = last.scratch("final", blueprint.head().input(), residual.dim(1));
    last.add(
        blueprint.finalNorm().fusedAdd(normal.dtype()),
        new FusedAddRmsNormArgs(right, left, finalNorm, left, normal));
    return head.record(last, new Activation("final", normal), "logits");
  }

  /** Returns the tensor I32 [1] that sampling writes. */
  Tensor sampled() {
    return workspace.tensor("sampled", DType.I32, Shape.of(1));
  }

  Queue queue() {
    return queue;
  }

  /** Copies an F32 tensor to the host. */
  float[] download(Tensor tensor) {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment host = arena.allocate(Math.max(1, tensor.storageBytes()), 64);
      queue.copy(tensor, Tensor.of(Buffer.ofHost(host), DType.F32, tensor.shape())).join();
      return host.asSlice(0, tensor.storageBytes()).toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  /** Frees the weights and the memory for activations; sessions are closed before. */
  @Override
  public void close() {
    scoring.values().forEach(recorded -> recorded.control().close());
    queue.close();
    workspace.close();
    weights.close();
  }
}
