package org.touchstone.backends.cpu.simd;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.touchstone.api.DeviceInfo;
import org.touchstone.api.DeviceKind;
import org.touchstone.api.Evidence;
import org.touchstone.backends.cpu.CpuThreads;
import org.touchstone.backends.cpu.micro.NativeLibrary;
import org.touchstone.backends.spi.LimitProbe;

/**
 * Reads memory and multiplies registers with as many threads as the device has: {@code cpu://simd},
 * or the processor itself as a driver of OpenCL offers it.
 */
public final class CpuLimitProbe implements LimitProbe {
  /** Created by the service loader. */
  public CpuLimitProbe() {}

  @Override
  public Optional<Meter> open(DeviceInfo device) {
    return threads(device).map(count -> new CpuMeter(count, device.backend().equals("cpu")));
  }

  /** Returns how many threads a device that computes on this processor uses. */
  private static Optional<Integer> threads(DeviceInfo device) {
    if (device.uri().equals("cpu://simd")) {
      return Optional.ofNullable(device.properties().get("threads")).map(Integer::valueOf);
    }
    boolean driver = device.backend().equals("opencl") && device.evidence() == Evidence.SOFTWARE;
    return driver && device.kind() == DeviceKind.CPU
        ? Optional.ofNullable(device.properties().get("compute units")).map(Integer::valueOf)
        : Optional.empty();
  }

  private static final class CpuMeter implements Meter {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Long> LONGS = LongVector.SPECIES_PREFERRED;

    /** Beyond every cache of a processor that this runs on. */
    private static final long BYTES = 512L << 20;

    private static final int STEPS = 4_000_000;
    private static final int ACCUMULATORS = 12;
    private static final int WARM_UP = 6;
    private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;

    /** Vectors of an operand that stays in the first cache; a power of two. */
    private static final int BLOCK = 64;

    private final Arena arena = Arena.ofShared();
    private final CpuThreads threads;
    private final MemorySegment memory;
    private final AtomicLong sink = new AtomicLong();
    private final boolean narrow;

    /**
     * Creates a meter.
     *
     * @param narrow whether the device's kernels may multiply BF16; kernels in OpenCL C widen it
     */
    CpuMeter(int count, boolean narrow) {
      this.narrow = narrow;
      threads = new CpuThreads(count);
      memory = arena.allocate(BYTES, 4096);
      // Pages that were never written are all the same one.
      threads.forEach(count, BYTES, i -> part(i).fill((byte) 1));
      for (int i = 0; i < WARM_UP; i++) {
        read();
        multiply();
        multiplyNarrow();
      }
    }

    private MemorySegment part(long i) {
      long size = BYTES / threads.count() & -4096L;
      return memory.asSlice(i * size, size);
    }

    @Override
    public Optional<Double> measure(Limit limit) {
      return switch (limit) {
        case MEMORY -> Optional.of(read());
        case F32 -> Optional.of(multiply());
        case BF16 -> narrow ? Optional.of(multiplyNarrow()) : Optional.empty();
      };
    }

    private double read() {
      int count = threads.count();
      long start = System.nanoTime();
      threads.forEach(count, BYTES, i -> sink.addAndGet(sum(part(i))));
      return part(0).byteSize() * (double) count * 1e9 / (System.nanoTime() - start);
    }

    private double multiply() {
      int count = threads.count();
      long start = System.nanoTime();
      threads.forEach(count, BYTES, i -> sink.addAndGet(Float.floatToIntBits(fma(1 + i * 1e-7f))));
      double operations = 2.0 * ACCUMULATORS * FLOATS.length() * STEPS * count;
      return operations * 1e9 / (System.nanoTime() - start);
    }

    /**
     * Multiplies BF16: by dot products where the processor has them and the native library is
     * loaded, else as FP32 after widening.
     */
    private double multiplyNarrow() {
      int count = threads.count();
      Optional<NativeLibrary> library = NativeLibrary.loaded();
      if (library.isPresent() && library.get().multiplyPairs(1) > 0) {
        AtomicLong operations = new AtomicLong();
        long start = System.nanoTime();
        threads.forEach(
            count, BYTES, i -> operations.addAndGet(library.get().multiplyPairs(STEPS)));
        return operations.get() * 1e9 / (System.nanoTime() - start);
      }
      long start = System.nanoTime();
      threads.forEach(
          count, BYTES, i -> sink.addAndGet(Float.floatToIntBits(widened(1 + (int) i))));
      double operations = 2.0 * ACCUMULATORS * FLOATS.length() * STEPS * count;
      return operations * 1e9 / (System.nanoTime() - start);
    }

    /**
     * As {@link #fma}, with operands of BF16: each pair of vectors is widened from memory, then
     * multiplied with six rows, as many as a tile of registers holds.
     */
    private static float widened(int seed) {
      int[] pairs = new int[INTS.length() * BLOCK];
      java.util.Arrays.fill(pairs, 0x3080_3080 + seed);
      FloatVector x = FloatVector.broadcast(FLOATS, seed);
      FloatVector a = x;
      FloatVector b = x;
      FloatVector c = x;
      FloatVector d = x;
      FloatVector e = x;
      FloatVector f = x;
      FloatVector g = x;
      FloatVector h = x;
      FloatVector i = x;
      FloatVector j = x;
      FloatVector k = x;
      FloatVector l = x;
      for (int n = 0; n < STEPS; n++) {
        IntVector both = IntVector.fromArray(INTS, pairs, n % BLOCK * INTS.length());
        FloatVector even = both.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
        FloatVector odd = both.and(0xFFFF_0000).reinterpretAsFloats();
        a = even.fma(x, a);
        b = even.fma(x, b);
        c = even.fma(x, c);
        d = even.fma(x, d);
        e = even.fma(x, e);
        f = even.fma(x, f);
        g = odd.fma(x, g);
        h = odd.fma(x, h);
        i = odd.fma(x, i);
        j = odd.fma(x, j);
        k = odd.fma(x, k);
        l = odd.fma(x, l);
      }
      FloatVector s = a.add(b).add(c).add(d).add(e).add(f);
      return s.add(g).add(h).add(i).add(j).add(k).add(l).lane(0);
    }

    private static long sum(MemorySegment part) {
      int step = LONGS.vectorByteSize();
      LongVector a = LongVector.zero(LONGS);
      LongVector b = a;
      LongVector c = a;
      LongVector d = a;
      ByteOrder order = ByteOrder.nativeOrder();
      for (long at = 0; at < part.byteSize(); at += 4L * step) {
        a = a.add(LongVector.fromMemorySegment(LONGS, part, at, order));
        b = b.add(LongVector.fromMemorySegment(LONGS, part, at + step, order));
        c = c.add(LongVector.fromMemorySegment(LONGS, part, at + 2L * step, order));
        d = d.add(LongVector.fromMemorySegment(LONGS, part, at + 3L * step, order));
      }
      return a.add(b).add(c.add(d)).reduceLanes(VectorOperators.ADD);
    }

    /**
     * Runs chains that are independent of each other, enough to hide the latency of one. The sum is
     * the operand that an instruction overwrites: any other would be copied first, which takes a
     * third of the speed.
     */
    private static float fma(float seed) {
      FloatVector x = FloatVector.broadcast(FLOATS, seed);
      FloatVector y = FloatVector.broadcast(FLOATS, 1e-9f);
      FloatVector a = x;
      FloatVector b = x;
      FloatVector c = x;
      FloatVector d = x;
      FloatVector e = x;
      FloatVector f = x;
      FloatVector g = x;
      FloatVector h = x;
      FloatVector i = x;
      FloatVector j = x;
      FloatVector k = x;
      FloatVector l = x;
      for (int n = 0; n < STEPS; n++) {
        a = x.fma(y, a);
        b = x.fma(y, b);
        c = x.fma(y, c);
        d = x.fma(y, d);
        e = x.fma(y, e);
        f = x.fma(y, f);
        g = x.fma(y, g);
        h = x.fma(y, h);
        i = x.fma(y, i);
        j = x.fma(y, j);
        k = x.fma(y, k);
        l = x.fma(y, l);
      }
      FloatVector s = a.add(b).add(c).add(d).add(e).add(f);
      return s.add(g).add(h).add(i).add(j).add(k).add(l).lane(0);
    }

    @Override
    public void close() {
      threads.close();
      arena.close();
    }
  }
}
