package org.touchstone.backends.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.touchstone.api.Buffer;
import org.touchstone.api.Device;
import org.touchstone.api.Hal;
import org.touchstone.api.HalOptions;
import org.touchstone.api.Queue;
import org.touchstone.api.Receipt;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.Fp8;
import org.touchstone.api.op.GemmArgs;
import org.touchstone.api.op.GemmOperands;
import org.touchstone.api.op.GemmSpec;
import org.touchstone.backends.Backends;
import org.touchstone.backends.Instruments;
import org.touchstone.backends.cuda.sim.exec.Accumulator;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.backends.spi.Mutant;

/** FP8 tensor cores keep few bits of a sum: partial sums have to leave them every 128 terms. */
class PromotionTest {
  private static final int N = 16;
  private static final int K = 7168;
  private static final long SEED = 20261123;

  /**
   * More than a kernel that promotes every 128 terms can lose, relative to the result: every
   * product a whole unit of its finished block, and every one of four instructions two units more.
   */
  private static final double MOST = (128 + 2 * 4) * 0x1p-13;

  /** Returns the largest relative error of products of positive numbers. */
  private static double error(Accumulator accumulator, Instruments instruments) {
    GemmSpec spec = GemmSpec.of(GemmOperands.FP8_BLOCK, N, K, DType.F32);
    Random random = new Random(SEED);
    try (Hal hal =
            Backends.open(
                HalOptions.DEFAULT.with(
                    CudaSimSettings.ACCUMULATOR.name(),
                    accumulator.name().toLowerCase(Locale.ROOT)),
                new CudaSimProvider());
        Device device = Backends.open(hal, "cuda-sim://sm_89", instruments);
        Arena arena = Arena.ofConfined();
        Buffer memory = device.allocate(1 << 18);
        Queue queue = device.openQueue()) {
      Tensor a = Tensor.of(memory, DType.E4M3FN, Shape.of(1, K), 0);
      Tensor b = Tensor.of(memory, DType.E4M3FN, Shape.of(N, K), 1 << 13);
      Tensor scaleA = Tensor.of(memory, DType.F32, Shape.of(1, K / 128), 1 << 17);
      Tensor scaleB = Tensor.of(memory, DType.F32, Shape.of(1, K / 128), (1 << 17) + 4096);
      Tensor c = Tensor.of(memory, DType.F32, Shape.of(1, N), (1 << 17) + 8192);
      MemorySegment codesA = upload(queue, arena, a, random);
      MemorySegment codesB = upload(queue, arena, b, random);
      ones(queue, arena, scaleA);
      ones(queue, arena, scaleB);
      Receipt receipt =
          device.prepare(spec).submit(queue, GemmArgs.scaled(a, scaleA, b, scaleB, c)).receipt();
      assertThat(receipt.kernel()).startsWith("gemm.mma");
      Tensor result = HostTensors.allocate(arena, DType.F32, 1, N);
      queue.copy(c, result).join();
      double worst = 0;
      for (int n = 0; n < N; n++) {
        double exact = 0;
        for (int k = 0; k < K; k++) {
          exact += value(codesA, k) * value(codesB, n * K + k);
        }
        worst = Math.max(worst, Math.abs(HostTensors.doubles(result)[n] - exact) / exact);
      }
      return worst;
    }
  }

  private static double value(MemorySegment codes, long i) {
    return Fp8.toFloat(codes.get(ValueLayout.JAVA_BYTE, i), DType.E4M3FN);
  }

  private static MemorySegment upload(Queue queue, Arena arena, Tensor to, Random random) {
    Tensor host = HostTensors.allocate(arena, DType.E4M3FN, to.shape().dims());
    MemorySegment codes = host.buffer().host();
    for (long i = 0; i < to.shape().elements(); i++) {
      // From 1 to 15: no sum of them cancels.
      codes.set(ValueLayout.JAVA_BYTE, i, (byte) (0x38 + random.nextInt(32)));
    }
    queue.copy(host, to).join();
    return codes;
  }

  private static void ones(Queue queue, Arena arena, Tensor to) {
    Tensor host = HostTensors.allocate(arena, DType.F32, to.shape().dims());
    for (long i = 0; i < to.shape().elements(); i++) {
      host.buffer().host().setAtIndex(ValueLayout.JAVA_FLOAT, i, 1f);
    }
    queue.copy(host, to).join();
  }

  private static Instruments neverPromoting() {
    Mutant mutant =
        new KernelDefects()
            .mutants().stream()
                .filter(m -> m.name().equals("gemm-mma-never-promotes"))
                .findFirst()
                .orElseThrow();
    return Instruments.NONE.seeding(mutant.seed());
  }

  @Test
  void leaves_the_tensor_cores_before_their_sums_lose_much() {
    assertThat(error(Accumulator.EXACT_FP32, Instruments.NONE)).isLessThan(0x1p-20);
    double promoted = error(Accumulator.TRUNCATING_13_BIT, Instruments.NONE);
    assertThat(promoted).isBetween(0x1p-17, MOST / 8);
    assertThat(error(Accumulator.TRUNCATING_13_BIT, neverPromoting()))
        .as("without promotion; with it %s", promoted)
        .isGreaterThan(2 * MOST);
  }
}
