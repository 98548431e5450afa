package org.touchstone.tools.peers;

import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.touchstone.api.Tensor;
import org.touchstone.conformance.bench.Peer;
import org.touchstone.conformance.cases.TestCase;

/**
 * oneDNN: packed matrix products, and attention as product, softmax, product. It declines where it
 * would run its plain reference, as for BF16 without instructions for it.
 */
abstract class OneDnnPeer implements Peer {
  private final Precision precision;

  OneDnnPeer(Precision precision) {
    this.precision = precision;
  }

  /** FP32 throughout. */
  public static final class F32 extends OneDnnPeer {
    /** Created by the service loader. */
    public F32() {
      super(Precision.F32);
    }
  }

  /** BF16 operands. */
  public static final class Bf16 extends OneDnnPeer {
    /** Created by the service loader. */
    public Bf16() {
      super(Precision.BF16);
    }
  }

  @Override
  public String name() {
    return "oneDNN %d.%d %s"
        .formatted(dnnl.dnnl_version().major(), dnnl.dnnl_version().minor(), precision);
  }

  @Override
  public Optional<Work> prepare(TestCase testCase, Map<String, Tensor> inputs, int threads) {
    OpenMp.threads(threads);
    OneDnn library = new OneDnn(precision);
    try {
      Optional<Supplier<float[]>> result =
          switch (Problem.of(testCase, inputs).orElse(null)) {
            case Product p -> Optional.of(product(library, p));
            case Attention a -> Optional.of(attention(library, a));
            case LatentAttention l -> Optional.of(latent(library, l));
            case Experts _ -> Optional.empty();
            case null -> Optional.empty();
          };
      if (result.isEmpty()) {
        library.close();
      }
      return result.map(output -> new Prepared(library, output));
    } catch (OneDnn.Unoptimised _) {
      library.close();
      return Optional.empty();
    }
  }

  private record Prepared(OneDnn library, Supplier<float[]> result) implements Work {
    @Override
    public void run() {
      library.run();
    }

    @Override
    public float[] output() {
      return result.get();
    }

    @Override
    public void close() {
      library.close();
    }
  }

  private static Supplier<float[]> product(OneDnn library, Product p) throws OneDnn.Unoptimised {
    memory c = library.linear(library.values(p.a().all(), p.m(), p.k()), p.b());
    return () -> library.read(c, p.m(), p.n());
  }

  private static Supplier<float[]> attention(OneDnn library, Attention a)
      throws OneDnn.Unoptimised {
    long[] keyShape = {a.outer(), 1, a.dim(), a.keys()};
    long matrix = (long) a.keys() * a.dim();
    memory q = library.values(a.q(), a.outer(), a.groups(), a.rows(), a.dim());
    memory k = library.values(a.k(), keyShape, new long[] {matrix, matrix, 1, a.dim()});
    memory v = library.values(a.v(), a.outer(), 1, a.keys(), a.dim());
    long[] scores = {a.outer(), a.groups(), a.rows(), a.keys()};
    memory s =
        a.mask() == Attention.Mask.NONE
            ? library.product(q, k, scores)
            : library.biasedProduct(
                q, k, library.values(causal(a.rows()), 1, 1, a.rows(), a.keys()), scores);
    library.softmax(s, scores.length);
    memory o = library.product(s, v, a.outer(), a.groups(), a.rows(), a.dim());
    return () -> a.inOrderOfOperator(library.read(o, a.outer(), a.groups(), a.rows(), a.dim()));
  }

  private static float[] causal(int tokens) {
    float[] mask = new float[tokens * tokens];
    for (int row = 0; row < tokens; row++) {
      for (int key = row + 1; key < tokens; key++) {
        mask[row * tokens + key] = Float.NEGATIVE_INFINITY;
      }
    }
    return mask;
  }

  private static Supplier<float[]> latent(OneDnn library, LatentAttention l)
      throws OneDnn.Unoptimised {
    long width = (long) l.latent() + l.rope();
    memory qNope = library.values(l.qNope(), l.heads(), 1, l.nope());
    memory up = library.values(l.up(), l.heads(), l.nope(), l.latent());
    memory qRope = library.values(l.qRope(), l.heads(), l.rope());
    memory cache = library.values(l.cache(), l.keys(), width);
    memory latent =
        library.view(
            library.product(qNope, up, l.heads(), 1, l.latent()),
            new long[] {l.heads(), l.latent()},
            new long[] {l.latent(), 1});
    memory keys = library.view(cache, new long[] {l.latent(), l.keys()}, new long[] {1, width});
    memory rotated =
        library.part(cache, l.latent(), new long[] {l.rope(), l.keys()}, new long[] {1, width});
    memory s =
        library.biasedProduct(
            latent,
            keys,
            library.product(qRope, rotated, l.heads(), l.keys()),
            l.heads(),
            l.keys());
    library.softmax(s, 2);
    memory values = library.view(cache, new long[] {l.keys(), l.latent()}, new long[] {width, 1});
    memory mixed =
        library.view(
            library.product(s, values, l.heads(), l.latent()),
            new long[] {l.heads(), 1, l.latent()},
            new long[] {l.latent(), l.latent(), 1});
    long matrix = (long) l.value() * l.latent();
    memory out =
        library.values(
            l.out(),
            new long[] {l.heads(), l.latent(), l.value()},
            new long[] {matrix, 1, l.latent()});
    memory o = library.product(mixed, out, l.heads(), 1, l.value());
    return () -> library.read(o, l.heads(), 1, l.value());
  }
}
