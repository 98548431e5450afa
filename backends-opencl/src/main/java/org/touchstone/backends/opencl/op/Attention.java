package org.touchstone.backends.opencl.op;

import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Chain;
import org.touchstone.api.ReasonCode;
import org.touchstone.api.Tensor;
import org.touchstone.api.Ulps;
import org.touchstone.api.op.Args;
import org.touchstone.api.op.AttentionMask;
import org.touchstone.api.op.OpSpec;
import org.touchstone.backends.opencl.Size;
import org.touchstone.backends.opencl.Target;
import org.touchstone.backends.opencl.driver.Launch;
import org.touchstone.backends.opencl.driver.OpenClKernel;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.DeviceMemory;
import org.touchstone.backends.spi.Kernel;
import org.touchstone.backends.spi.Plan;

/** The attention that operators share: {@code attention.cl}. Thread-safe. */
final class Attention implements AutoCloseable {
  private static final String RESOURCE = "attention.cl";

  private final Shape shape;
  private final Target target;
  private final AttentionTile tile;
  private final OpenClKernel attend;
  private final OpenClKernel merge;
  private final Optional<SingleQueries> single;

  Attention(Shape shape, Target target, Optional<SingleQueries> single) {
    this.shape = shape;
    this.target = target;
    this.single = single;
    tile = AttentionTile.of(shape, target);
    // The cpu variant takes its sizes as arguments, so one program serves all shapes.
    String rows = "-DROWS=" + (target.isCpu() ? 0 : tile.rows());
    attend = target.kernel(RESOURCE, "attention", rows, Operands.option(target));
    merge = target.kernel(RESOURCE, "merge", rows, Operands.option(target));
  }

  /** Plans an operator that attends, or refuses a shape whose tile is too large. */
  static <A extends Args> Plan<A> plan(
      OpSpec<A> spec, Target target, Shape shape, Function<Attention, Kernel<A>> build) {
    return plan(spec, target, shape, Optional::empty, build);
  }

  /** Plans an operator that may have a kernel of its own for one query per sequence. */
  static <A extends Args> Plan<A> plan(
      OpSpec<A> spec,
      Target target,
      Shape shape,
      Supplier<Optional<SingleQueries>> single,
      Function<Attention, Kernel<A>> build) {
    long needed = AttentionTile.of(shape, target).bytes();
    long local = target.facts().localBytes();
    if (needed > local) {
      return Plan.refuses(
          ReasonCode.CAPABILITY,
          "a tile of heads of "
              + (shape.first() + shape.second())
              + " and "
              + shape.value()
              + " elements needs "
              + needed
              + " bytes of local memory, the device has "
              + local);
    }
    return new Plan.Runs<>(
        target.kernelName(spec.op()),
        target.traits().with(Chain.SEQUENTIAL).with(ulps(target, shape.softcap())),
        () -> build.apply(new Attention(shape, target, single.get())));
  }

  /** Returns the function errors: the tanh of a soft-cap errs by up to 5 units. */
  private static Ulps ulps(Target target, float softcap) {
    Ulps plain = target.traits().ulps();
    if (softcap == 0) {
      return plain;
    }
    return new Ulps(5, plain.rsqrt(), plain.div(), plain.log(), plain.trig());
  }

  /**
   * What does not change between launches.
   *
   * @param heads query heads
   * @param kvHeads key heads
   * @param first elements of the first part of a key
   * @param second elements of the second part, or 0
   * @param value elements of a value
   * @param valueInKey whether a value is the start of its key
   * @param scale multiplier of the dot products
   * @param mask visible keys
   * @param softcap c, or 0 for none
   */
  record Shape(
      long heads,
      long kvHeads,
      long first,
      long second,
      long value,
      boolean valueInKey,
      float scale,
      AttentionMask mask,
      float softcap) {}

  /** How sequences lie in memory; numbered as in {@code attention.cl}. */
  enum Mode {
    PADDED(0),
    VARLEN(1),
    PAGED(2);

    private final int number;

    Mode(int number) {
      this.number = number;
    }
  }

  /**
   * The sequences of a launch.
   *
   * @param mode how they lie in memory
   * @param batch number of sequences
   * @param queries queries of a sequence; of all for VARLEN
   * @param keys keys of a sequence, the most that one can have for PAGED
   * @param queriesOf I32, first queries of VARLEN
   * @param keysOf I32, first keys of VARLEN, numbers of keys of PAGED
   * @param table I32, pages of PAGED
   * @param page tokens of a page
   */
  record Sequences(
      Mode mode,
      long batch,
      long queries,
      long keys,
      @Nullable Tensor queriesOf,
      @Nullable Tensor keysOf,
      @Nullable Tensor table,
      long page) {
    static Sequences padded(long batch, long queries, long keys) {
      return new Sequences(Mode.PADDED, batch, queries, keys, null, null, null, 1);
    }

    static Sequences varlen(long tokens, Tensor queriesOf, Tensor keysOf) {
      return new Sequences(
          Mode.VARLEN, queriesOf.dim(0) - 1, tokens, 0, queriesOf, keysOf, null, 1);
    }

    static Sequences paged(long queries, Tensor table, Tensor lengths, long page) {
      return new Sequences(
          Mode.PAGED, table.dim(0), queries, table.dim(1) * page, null, lengths, table, page);
    }
  }

  /**
   * The tensors of a launch.
   *
   * @param q first part of the queries
   * @param q2 second part, or none
   * @param k first part of the keys
   * @param k2 second part, or none
   * @param v values
   * @param sinks F32 [heads], or null
   * @param o output
   * @param lse log-sum-exp, or none
   */
  record Vectors(
      Heads q, Heads q2, Heads k, Heads k2, Heads v, @Nullable Tensor sinks, Heads o, Heads lse) {}

  /** Returns how many parts of a sequence's keys are attended to apart. */
  private long splits(Sequences sequences) {
    return sequences.mode() == Mode.PAGED
        ? Math.max(
            1, Math.ceilDiv(sequences.keys(), (long) target.tuning().value(Size.ATTENTION_SPLIT)))
        : 1;
  }

  /** Returns the kernel for one query per sequence where there is one and it serves. */
  private Optional<SingleQueries> single(Sequences sequences) {
    return sequences.queries() == 1 ? single : Optional.empty();
  }

  /** Returns the workspace of a launch in bytes. */
  long workspaceBytes(Sequences sequences) {
    long splits = splits(sequences);
    return splits == 1 && single(sequences).isEmpty()
        ? 0
        : Math.multiplyExact(
            sequences.batch() * sequences.queries() * shape.heads(),
            splits * (shape.value() + 2) * Float.BYTES);
  }

  /** Enqueues; the states of splits lie in the workspace from {@code partial} on. */
  void run(
      BackendQueue queue,
      Vectors tensors,
      Sequences sequences,
      DeviceMemory workspace,
      long partial) {
    run(queue, shape, tensors, sequences, workspace, partial);
  }

  /** Enqueues for other numbers of heads. */
  void run(
      BackendQueue queue,
      Shape shape,
      Vectors tensors,
      Sequences sequences,
      DeviceMemory workspace,
      long partial) {
    if (sequences.batch() == 0 || sequences.queries() == 0) {
      return;
    }
    long splits = splits(sequences);
    long share = shape.heads() / shape.kvHeads();
    boolean varlen = sequences.mode() == Mode.VARLEN;
    long tiles =
        Math.ceilDiv(sequences.queries() * share, (long) tile.rows())
            + (varlen ? sequences.batch() : 0);
    Optional<SingleQueries> one = single(sequences);
    Launch launch = one.map(SingleQueries::launch).orElseGet(attend::launch);
    tensors.q().give(launch);
    tensors.q2().give(launch);
    tensors.k().give(launch);
    tensors.k2().give(launch);
    tensors.v().give(launch);
    tensors.o().give(launch);
    tensors.lse().give(launch);
    Tensor table = sequences.table();
    boolean causal = shape.mask().kind() == AttentionMask.Kind.CAUSAL;
    launch
        .memory(workspace, partial)
        .tensor(sequences.queriesOf())
        .tensor(sequences.keysOf())
        .tensor(table)
        .i64(table == null ? 0 : table.strides().step(0))
        .tensor(tensors.sinks())
        .i32(tensors.q().type())
        .i32(tensors.q2().type())
        .i32(tensors.k().type())
        .i32(tensors.k2().type())
        .i32(tensors.v().type())
        .i32(tensors.o().type())
        .i32(Math.toIntExact(shape.first()))
        .i32(Math.toIntExact(shape.second()))
        .i32(Math.toIntExact(shape.value()))
        .i32(Math.toIntExact(shape.heads()))
        .i32(Math.toIntExact(shape.kvHeads()))
        .i32(sequences.mode().number)
        .i32(Math.toIntExact(sequences.page()))
        .i32(Math.toIntExact(sequences.batch()))
        .i32(causal ? 1 : 0)
        .i32(tensors.sinks() == null ? 0 : 1)
        .i32(tensors.lse().none() ? 0 : 1)
        .i32(shape.valueInKey() ? 1 : 0)
        .i32(Math.toIntExact(splits))
        .i32(target.tuning().value(Size.ATTENTION_SPLIT))
        .i32(one.isPresent() ? Math.toIntExact(share) : tile.rows())
        .i32(tile.keys())
        .i64(sequences.queries())
        .i64(sequences.keys())
        .i64(shape.mask().window())
        .f32(shape.scale())
        .f32(shape.softcap());
    if (one.isPresent()) {
      one.get().run(queue, launch, splits, sequences.batch());
      merge(queue, shape, tensors, sequences, workspace, partial, splits);
      return;
    }
    long group = target.rowGroup();
    if (target.isCpu()) {
      launch.local(tile.bytes());
    } else {
      launch.local(tile.bytes() - 8 * AttentionTile.GPU_KEYS).local(8 * AttentionTile.GPU_KEYS);
    }
    launch.run(
        queue,
        new long[] {tiles * group, shape.kvHeads() * splits, varlen ? 1 : sequences.batch()},
        new long[] {group, 1, 1});
    if (splits > 1) {
      merge(queue, shape, tensors, sequences, workspace, partial, splits);
    }
  }

  private void merge(
      BackendQueue queue,
      Shape shape,
      Vectors tensors,
      Sequences sequences,
      DeviceMemory workspace,
      long partial,
      long splits) {
    Launch launch = merge.launch().memory(workspace, partial).tensor(tensors.sinks());
    tensors.o().give(launch);
    tensors.lse().give(launch);
    launch
        .i32(tensors.o().type())
        .i32(Math.toIntExact(shape.value()))
        .i32(tensors.sinks() == null ? 0 : 1)
        .i32(tensors.lse().none() ? 0 : 1)
        .i32(Math.toIntExact(splits))
        .run(
            queue,
            new long[] {shape.heads() * target.rowGroup(), sequences.queries(), sequences.batch()},
            new long[] {target.rowGroup(), 1, 1});
  }

  @Override
  public void close() {
    attend.close();
    merge.close();
    single.ifPresent(SingleQueries::close);
  }
}
