package org.touchstone.tools.peers;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.touchstone.conformance.bench.Peer;
import org.touchstone.conformance.cases.TestCase;

/**
 * PyTorch: {@code linear}, {@code scaled_dot_product_attention}, and experts as its models write
 * them, a loop of index_select, linear, silu and index_add.
 */
abstract class PyTorchPeer implements Peer {
  private final Precision precision;

  PyTorchPeer(Precision precision) {
    this.precision = precision;
  }

  /** FP32 throughout. */
  public static final class F32 extends PyTorchPeer {
    /** Created by the service loader. */
    public F32() {
      super(Precision.F32);
    }
  }

  /** BF16 throughout. */
  public static final class Bf16 extends PyTorchPeer {
    /** Created by the service loader. */
    public Bf16() {
      super(Precision.BF16);
    }
  }

  @Override
  public String name() {
    return "PyTorch 2.10 " + precision;
  }

  @Override
  public Optional<Work> prepare(
      TestCase testCase, Map<String, org.touchstone.api.Tensor> inputs, int threads) {
    torch.set_num_threads(threads);
    try (InferenceMode _ = new InferenceMode(true)) {
      return Problem.of(testCase, inputs)
          .map(
              problem -> {
                Tensors tensors = new Tensors(precision);
                return switch (problem) {
                  case Product p -> product(tensors, p);
                  case Attention a -> attention(tensors, a);
                  case LatentAttention l -> latent(tensors, l);
                  case Experts e -> experts(tensors, e);
                };
              });
    }
  }

  /** Tensors that live as long as the work. */
  private record Tensors(Precision precision, List<Pointer> owned) implements AutoCloseable {
    Tensors(Precision precision) {
      this(precision, new ArrayList<>());
    }

    Tensor matrix(Matrix values, int first, int count) {
      return of(values.rows(first, count), count, values.columns());
    }

    Tensor of(float[] values, long... shape) {
      torch.ScalarType type =
          precision == Precision.F32 ? torch.ScalarType.Float : torch.ScalarType.BFloat16;
      try (PointerScope _ = new PointerScope()) {
        return keep(torch.from_blob(new FloatPointer(values), shape).clone().to(type));
      }
    }

    Tensor indices(long[] values) {
      try (PointerScope _ = new PointerScope()) {
        TensorOptions type =
            new TensorOptions().dtype(new ScalarTypeOptional(torch.ScalarType.Long));
        return keep(
            torch.from_blob(new LongPointer(values), new long[] {values.length}, type).clone());
      }
    }

    /** Keeps a tensor beyond the scope that it was made in. */
    private Tensor keep(Tensor tensor) {
      tensor.retainReference();
      owned.add(tensor);
      return tensor;
    }

    @Override
    public void close() {
      owned.forEach(Pointer::deallocate);
    }
  }

  /** Code and the tensors that it reads. */
  private static final class Prepared implements Work {
    private final Tensors tensors;
    private final Supplier<Tensor> code;
    private final UnaryOperator<float[]> order;

    Prepared(Tensors tensors, Supplier<Tensor> code, UnaryOperator<float[]> order) {
      this.tensors = tensors;
      this.code = code;
      this.order = order;
    }

    @Override
    public void run() {
      try (PointerScope _ = new PointerScope();
          InferenceMode _ = new InferenceMode(true)) {
        Tensor _ = code.get();
      }
    }

    @Override
    public float[] output() {
      try (PointerScope _ = new PointerScope();
          InferenceMode _ = new InferenceMode(true)) {
        Tensor dense = code.get().to(torch.ScalarType.Float).contiguous();
        float[] values = new float[Math.toIntExact(dense.numel())];
        dense.data_ptr_float().get(values);
        return order.apply(values);
      }
    }

    @Override
    public void close() {
      tensors.close();
    }
  }

  /**
   * Multiplies with a weight. In FP32 the OpenBLAS that this build links takes six times as long
   * for one row by {@code linear} as by {@code mv}, so one row is a vector there.
   */
  private static Tensor linear(Tensors tensors, Tensor x, Tensor weight, long rows) {
    return rows == 1 && tensors.precision() == Precision.F32
        ? torch.mv(weight, x.reshape(-1)).reshape(1, -1)
        : torch.linear(x, weight);
  }

  private static Work product(Tensors tensors, Product p) {
    Tensor a = tensors.matrix(p.a(), 0, p.m());
    Tensor b = tensors.matrix(p.b(), 0, p.n());
    return new Prepared(tensors, () -> linear(tensors, a, b, p.m()), x -> x);
  }

  private static Work attention(Tensors tensors, Attention a) {
    boolean decode = a.mask() == Attention.Mask.NONE;
    // Decoding: the queries of a key head are rows. Prefill: they share the key head by position.
    long[] queryShape =
        decode
            ? new long[] {a.outer(), 1, a.rows(), a.dim()}
            : new long[] {1, (long) a.outer() * a.groups(), a.rows(), a.dim()};
    long[] keyShape =
        decode
            ? new long[] {a.outer(), 1, a.keys(), a.dim()}
            : new long[] {1, a.outer(), a.keys(), a.dim()};
    Tensor q = tensors.of(a.q(), queryShape);
    Tensor k = tensors.of(a.k(), keyShape);
    Tensor v = tensors.of(a.v(), keyShape);
    return new Prepared(
        tensors,
        () ->
            torch.scaled_dot_product_attention(
                q, k, v, new TensorOptional(), 0, !decode, new DoubleOptional(1.0), !decode),
        a::inOrderOfOperator);
  }

  private static Work latent(Tensors tensors, LatentAttention l) {
    Tensor qNope = tensors.of(l.qNope(), l.heads(), 1, l.nope());
    Tensor qRope = tensors.of(l.qRope(), l.heads(), l.rope());
    Tensor up = tensors.of(l.up(), l.heads(), l.nope(), l.latent());
    Tensor out = tensors.of(l.out(), l.heads(), l.value(), l.latent()).transpose(1, 2);
    Tensor cache = tensors.of(l.cache(), l.keys(), l.latent() + l.rope());
    Tensor latents = cache.narrow(1, 0, l.latent());
    Tensor rotated = cache.narrow(1, l.latent(), l.rope());
    return new Prepared(
        tensors,
        () -> {
          Tensor latent = torch.matmul(qNope, up).reshape(l.heads(), l.latent());
          Tensor scores =
              torch
                  .matmul(latent, latents.transpose(0, 1))
                  .add_(torch.matmul(qRope, rotated.transpose(0, 1)));
          Tensor mixed = torch.matmul(torch.softmax(scores, 1), latents);
          return torch.matmul(mixed.reshape(l.heads(), 1, l.latent()), out);
        },
        x -> x);
  }

  /** One expert's weights and the tokens that it serves. */
  private record Expert(Tensor gateUp, Tensor down, Tensor tokens, Tensor weights) {}

  private static Work experts(Tensors tensors, Experts e) {
    Tensor x = tensors.matrix(e.x(), 0, e.x().rows());
    int hidden = e.x().columns();
    List<Expert> chosen = new ArrayList<>();
    for (Experts.Share share : e.chosen()) {
      chosen.add(
          new Expert(
              tensors.matrix(
                  e.gateUp(), share.expert() * 2 * e.intermediate(), 2 * e.intermediate()),
              tensors.matrix(e.down(), share.expert() * hidden, hidden),
              tensors.indices(share.tokens()),
              tensors.of(share.weights(), share.weights().length, 1)));
    }
    return new Prepared(
        tensors,
        () -> {
          Tensor y = torch.zeros_like(x);
          for (Expert expert : chosen) {
            long rows = expert.tokens.numel();
            Tensor gateUp = linear(tensors, x.index_select(0, expert.tokens), expert.gateUp, rows);
            Tensor activation =
                torch
                    .silu(gateUp.narrow(1, 0, e.intermediate()))
                    .mul(gateUp.narrow(1, e.intermediate(), e.intermediate()));
            y.index_add_(
                0,
                expert.tokens,
                linear(tensors, activation, expert.down, rows).mul(expert.weights),
                new Scalar(1));
          }
          return y;
        },
        values -> values);
  }
}
