package org.touchstone.backends.cpu.simd;

import java.util.Map;
import java.util.function.Supplier;
import jdk.incubator.vector.FloatVector;
import org.touchstone.api.op.*;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.MemorySource;
import org.touchstone.backends.spi.Plan;

/** The device {@code cpu://simd}. */
public final class SimdDevice implements BackendDevice {
  private final MemorySource memory;
  private final CpuThreads threads;
  private final Supplier<BackendQueue> queues;

  /** Creates the device; it owns the threads. */
  public SimdDevice(MemorySource memory, CpuThreads threads, Supplier<BackendQueue> queues) {
    this.memory = memory;
    this.threads = threads;
    this.queues = queues;
  }

  /** Says for people which kernels run and why. */
  public static Map<String, String> properties(int threads) {
    return Map.of(
        "kernels",
        "vector",
        "vector",
        FloatVector.SPECIES_PREFERRED.vectorBitSize() + " bits, the widest that the JVM reports",
        "threads",
        Integer.toString(threads));
  }

  @Override
  @SuppressWarnings("unchecked") // each case answers for its own spec's arguments
  public <A extends Args> Plan<A> plan(OpSpec<A> spec) {
    return (Plan<A>) planOf(spec);
  }

  private Plan<?> planOf(OpSpec<?> spec) {
    return switch (spec) {
      case AddSpec s -> AddKernel.plan(s, threads);
      case AttentionDecodePagedSpec s -> AttentionDecodePagedKernel.plan(s, threads);
      case AttentionPrefillSpec s -> AttentionPrefillKernel.plan(s, threads);
      case CastSpec s -> CastKernel.plan(s, threads);
      case DequantizeSpec s -> DequantizeKernel.plan(s, threads);
      case EmbeddingSpec s -> EmbeddingKernel.plan(s, threads);
      case FusedAddRmsNormSpec s -> FusedAddRmsNormKernel.plan(s, threads);
      case GatedActSpec s -> GatedActKernel.plan(s, threads);
      case GemmGroupedSpec s -> GemmGroupedKernel.plan(s, threads);
      case GemmSpec s -> GemmKernel.plan(s, threads);
      case KvCacheWriteSpec s -> KvCacheWriteKernel.plan(s, threads);
      case MlaDecodeAbsorbedSpec s -> MlaDecodeAbsorbedKernel.plan(s, threads);
      case MlaPrefillSpec s -> MlaPrefillKernel.plan(s, threads);
      case MoeAlignBlockSizeSpec s -> MoeAlignBlockSizeKernel.plan(s);
      case MoeCombineSpec s -> MoeCombineKernel.plan(s, threads);
      case MoeForwardSpec s -> MoeForwardKernel.plan(s, threads);
      case MoePermuteSpec s -> MoePermuteKernel.plan(s);
      case MoeRouteSpec s -> MoeRouteKernel.plan(s, threads);
      case QuantizeFp8BlockSpec s -> QuantizeFp8BlockKernel.plan(s, threads);
      case QuantizeFp8GroupSpec s -> QuantizeFp8GroupKernel.plan(s, threads);
      case RmsNormSpec s -> RmsNormKernel.plan(s, threads);
      case RopeApplySpec s -> RopeApplyKernel.plan(s, threads);
      case RopeFreqsSpec s -> RopeFreqsKernel.plan(s, threads);
      case SampleSpec s -> SampleKernel.plan(s, threads);
    };
  }

  /** Returns the threads that kernels share. */
  CpuThreads threads() {
    return threads;
  }

  @Override
  public MemorySource memory() {
    return memory;
  }

  @Override
  public BackendQueue openQueue() {
    return queues.get();
  }

  @Override
  public void close() {
    threads.close();
  }
}
