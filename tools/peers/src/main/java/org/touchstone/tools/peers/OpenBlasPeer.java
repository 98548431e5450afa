package org.touchstone.tools.peers;

import static org.bytedeco.openblas.global.openblas.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas.CblasTrans;

import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.openblas.global.openblas;
import org.touchstone.api.Tensor;
import org.touchstone.conformance.bench.Peer;
import org.touchstone.conformance.cases.TestCase;

/** OpenBLAS: {@code sgemm}, and {@code sgemv} for one row. */
public final class OpenBlasPeer implements Peer {
  /** Created by the service loader. */
  public OpenBlasPeer() {}

  @Override
  public String name() {
    return "OpenBLAS 0.3.31 F32";
  }

  @Override
  public Optional<Work> prepare(TestCase testCase, Map<String, Tensor> inputs, int threads) {
    openblas.blas_set_num_threads(threads);
    return Problem.of(testCase, inputs)
        .flatMap(
            problem -> problem instanceof Product p ? Optional.of(new Sgemm(p)) : Optional.empty());
  }

  private static final class Sgemm implements Work {
    private final int m;
    private final int n;
    private final int k;
    private final FloatPointer a;
    private final FloatPointer b;
    private final FloatPointer c;

    Sgemm(Product product) {
      m = product.m();
      n = product.n();
      k = product.k();
      a = copy(product.a());
      b = copy(product.b());
      c = new FloatPointer((long) m * n);
    }

    private static FloatPointer copy(Matrix matrix) {
      FloatPointer data = new FloatPointer((long) matrix.rows() * matrix.columns());
      float[] row = new float[matrix.columns()];
      for (int i = 0; i < matrix.rows(); i++) {
        matrix.read(i, row, 0);
        data.position((long) i * row.length).put(row);
      }
      return data.position(0);
    }

    @Override
    public void run() {
      if (m == 1) {
        openblas.cblas_sgemv(CblasRowMajor, CblasNoTrans, n, k, 1, b, k, a, 1, 0, c, 1);
      } else {
        openblas.cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1, a, k, b, k, 0, c, n);
      }
    }

    @Override
    public float[] output() {
      float[] values = new float[m * n];
      c.get(values);
      return values;
    }

    @Override
    public void close() {
      a.deallocate();
      b.deallocate();
      c.deallocate();
    }
  }
}
