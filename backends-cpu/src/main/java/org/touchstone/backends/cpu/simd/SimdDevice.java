package org.touchstone.backends.cpu.simd;

import java.util.function.Supplier;
import jdk.incubator.vector.FloatVector;
import org.touchstone.api.Layout;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.op.*;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.cpu.micro.MicroKernels;
import org.touchstone.backends.cpu.micro.PackedWeights;
import org.touchstone.backends.spi.BackendDevice;
import org.touchstone.backends.spi.BackendQueue;
import org.touchstone.backends.spi.MemorySource;
import org.touchstone.backends.spi.Plan;
import org.touchstone.backends.spi.SpecSizes;

/** The device {@code cpu://simd}. */
public final class SimdDevice implements BackendDevice {
  private final MemorySource memory;
  private final CpuThreads threads;
  private final Engine engine;
  private final Supplier<BackendQueue> queues;

  /** Creates the device; it owns the threads. */
  public SimdDevice(
      MemorySource memory,
      CpuThreads threads,
      MicroKernels kernels,
      Supplier<BackendQueue> queues) {
    this.memory = memory;
    this.threads = threads;
    this.queues = queues;
    engine = new Engine(threads, kernels);
  }

  /** Says for people what the Vector API runs on. */
  public static String vectors() {
    return FloatVector.SPECIES_PREFERRED.vectorBitSize() + " bits, the widest that the JVM reports";
  }

  @Override
  @SuppressWarnings("unchecked") // each case answers for its own spec's arguments
  public <A extends Args> Plan<A> plan(OpSpec<A> spec) {
    return SpecSizes.beyondInt(spec).orElseGet(() -> (Plan<A>) planOf(spec));
  }

  private Plan<?> planOf(OpSpec<?> spec) {
    return switch (spec) {
      case AddSpec s -> AddKernel.plan(s, engine);
      case AttentionDecodePagedSpec s -> AttentionDecodePagedKernel.plan(s, engine);
      case AttentionPrefillSpec s -> AttentionPrefillKernel.plan(s, engine);
      case CastSpec s -> CastKernel.plan(s, engine);
      case DequantizeSpec s -> DequantizeKernel.plan(s, engine);
      case EmbeddingSpec s -> EmbeddingKernel.plan(s, engine);
      case FusedAddRmsNormSpec s -> FusedAddRmsNormKernel.plan(s, engine);
      case GatedActSpec s -> GatedActKernel.plan(s, engine);
      case GemmGroupedSpec s -> GemmGroupedKernel.plan(s, engine);
      case GemmSpec s -> GemmKernel.plan(s, engine);
      case KvCacheWriteSpec s -> KvCacheWriteKernel.plan(s, threads);
      case MlaDecodeAbsorbedSpec s -> MlaDecodeAbsorbedKernel.plan(s, engine);
      case MlaPrefillSpec s -> MlaPrefillKernel.plan(s, engine);
      case MoeAlignBlockSizeSpec s -> MoeAlignBlockSizeKernel.plan(s);
      case MoeCombineSpec s -> MoeCombineKernel.plan(s, engine);
      case MoeForwardSpec s -> MoeForwardKernel.plan(s, engine);
      case MoePermuteSpec s -> MoePermuteKernel.plan(s);
      case MoeRouteSpec s -> MoeRouteKernel.plan(s, engine);
      case QuantizeFp8BlockSpec s -> QuantizeFp8BlockKernel.plan(s, engine);
      case QuantizeFp8GroupSpec s -> QuantizeFp8GroupKernel.plan(s, engine);
      case RmsNormSpec s -> RmsNormKernel.plan(s, engine);
      case RopeApplySpec s -> RopeApplyKernel.plan(s, engine);
      case RopeFreqsSpec s -> RopeFreqsKernel.plan(s, engine);
      case SampleSpec s -> SampleKernel.plan(s, engine);
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
  public long packedBytes(Tensor plain, Layout layout) {
    if (layout.plain() || !engine.kernels().reads(layout, plain.dtype())) {
      return BackendDevice.super.packedBytes(plain, layout);
    }
    Shape shape = plain.shape();
    long n = shape.dim(shape.rank() - 2);
    long k = shape.dim(shape.rank() - 1);
    long each = n * k;
    return each == 0 ? 0 : shape.elements() / each * PackedWeights.bytes(plain.dtype(), n, k);
  }

  @Override
  public void pack(Tensor plain, Tensor packed) {
    engine.kernels().pack(plain, packed);
  }

  @Override
  public void unpack(Tensor packed, Tensor plain) {
    engine.kernels().unpack(packed, plain);
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
