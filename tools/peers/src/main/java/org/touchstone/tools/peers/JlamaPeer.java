package org.touchstone.tools.peers;

import com.github.tjake.jlama.math.VectorMath;
import com.github.tjake.jlama.tensor.AbstractTensor;
import com.github.tjake.jlama.tensor.BFloat16BufferTensor;
import com.github.tjake.jlama.tensor.FloatBufferTensor;
import com.github.tjake.jlama.tensor.TensorShape;
import com.github.tjake.jlama.tensor.operations.TensorOperations;
import com.github.tjake.jlama.tensor.operations.TensorOperationsProvider;
import com.github.tjake.jlama.util.PhysicalCoreExecutor;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.touchstone.api.Tensor;
import org.touchstone.conformance.bench.Peer;
import org.touchstone.conformance.cases.TestCase;

/** Jlama: FP32 activations by BF16 weights, as its models multiply. */
public final class JlamaPeer implements Peer {
  private static final AtomicBoolean STARTED = new AtomicBoolean();

  /** Created by the service loader. */
  public JlamaPeer() {}

  @Override
  public String name() {
    return "Jlama 0.8.4 BF16";
  }

  @Override
  public Optional<Work> prepare(TestCase testCase, Map<String, Tensor> inputs, int threads) {
    // Its threads start once; a device with another number of them is not compared.
    if (STARTED.compareAndSet(false, true)) {
      PhysicalCoreExecutor.overrideThreadCount(threads);
    }
    if (PhysicalCoreExecutor.instance.get().getCoreCount() != threads) {
      return Optional.empty();
    }
    return Problem.of(testCase, inputs)
        .flatMap(
            problem ->
                problem instanceof Product p ? Optional.of(new Linear(p)) : Optional.empty());
  }

  private static final class Linear implements Work {
    private final TensorOperations operations = TensorOperationsProvider.get();
    private final FloatBufferTensor a;
    private final BFloat16BufferTensor b;
    private final FloatBufferTensor c;
    private final int n;
    private final int k;

    Linear(Product product) {
      n = product.n();
      k = product.k();
      a = new FloatBufferTensor(TensorShape.of(product.m(), k));
      b = new BFloat16BufferTensor(TensorShape.of(n, k));
      c = new FloatBufferTensor(TensorShape.of(product.m(), n));
      fill(a, product.a());
      fill(b, product.b());
    }

    private static void fill(AbstractTensor<?, ?> tensor, Matrix values) {
      float[] row = new float[values.columns()];
      for (int i = 0; i < values.rows(); i++) {
        values.read(i, row, 0);
        for (int j = 0; j < row.length; j++) {
          tensor.set(row[j], i, j);
        }
      }
    }

    @Override
    public void run() {
      VectorMath.pchunk(
          0, n, (start, count) -> operations.dotProductChunk(c, a, b, 0, k, start, count));
    }

    @Override
    public float[] output() {
      float[] values = new float[Math.toIntExact(c.size())];
      for (int i = 0; i < values.length; i++) {
        values[i] = c.get(i / n, i % n);
      }
      return values;
    }

    @Override
    public void close() {
      a.close();
      b.close();
      c.close();
    }
  }
}
