package org.touchstone.backends.cpu.micro;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.touchstone.api.Chain;
import org.touchstone.api.ErrorCode;
import org.touchstone.api.HalException;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.Layout;
import org.touchstone.api.RoundPoints;
import org.touchstone.api.Subnormals;
import org.touchstone.api.Tensor;
import org.touchstone.api.Ulps;
import org.touchstone.api.format.DType;
import org.touchstone.api.op.GemmOperands;

/** The micro-kernels of the native library for one instruction set. */
public final class NativeKernels extends NativeRowKernels implements MicroKernels {
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;

  // Offsets in ts_product_args.
  private static final long ROWS = 0;
  private static final long ROW_SCALES = 8;
  private static final long WEIGHT = 16;
  private static final long WEIGHT_PITCH = 24;
  private static final long WEIGHT_SCALES = 32;
  private static final long SCALE_PITCH = 40;
  private static final long K = 48;
  private static final long SCRATCH = 56;
  private static final long OUT = 64;
  private static final long M = 72;
  private static final long N = 76;
  private static final long STRIDE = 80;
  private static final long ROW_TYPE = 84;
  private static final long WEIGHT_TYPE = 88;
  private static final long FIRST = 92;

  /** Columns of a product, at most: by then unpacking the rows is a hundredth of the work. */
  private static final int MOST_COLUMNS = 512;

  /** Terms of a dot product of {@link #dots}: a multiple of one number, at most another. */
  private static final long DOT_STEP = 32;

  private static final long DOT_TERMS = 512;

  private static final KernelTraits PRODUCT =
      KernelTraits.PLAIN_F32.with(Chain.blocked(1, Weight.BLOCK, 0));

  /** What the dot product of BF16 does. */
  private static final Subnormals FLUSHED =
      new Subnormals(Subnormals.Handling.FLUSHED, Subnormals.Handling.FLUSHED);

  private final InstructionSet set;

  private NativeKernels(InstructionSet set) {
    super(set.code());
    this.set = set;
  }

  /**
   * Returns the kernels for an instruction set.
   *
   * @throws HalException when the library is not loaded or the processor lacks the set
   */
  public static NativeKernels of(InstructionSet set, NativeLibrary library) {
    if (!library.sets().contains(set)) {
      throw new HalException(
          ErrorCode.UNSUPPORTED,
          "no native kernels for "
              + set.id()
              + " here: "
              + (library.reason().isEmpty()
                  ? "the processor lacks some of " + set.features()
                  : library.reason()));
    }
    return new NativeKernels(set);
  }

  @Override
  public String name() {
    return "native-" + set.id();
  }

  @Override
  public Layout preferredWeights(DType dtype) {
    return PackedWeights.accepts(dtype) ? PackedWeights.LAYOUT : Layout.PLAIN;
  }

  @Override
  public boolean reads(Layout layout, DType dtype) {
    return layout.plain() || layout.equals(preferredWeights(dtype));
  }

  @Override
  public void pack(Tensor plain, Tensor packed) {
    NativeTensors.copy(plain, packed, NativeTensors.Direction.PACK, set);
  }

  @Override
  public void unpack(Tensor packed, Tensor plain) {
    NativeTensors.copy(plain, packed, NativeTensors.Direction.UNPACK, set);
  }

  @Override
  public KernelTraits productTraits(GemmOperands operands) {
    // The dot product of BF16 takes subnormal operands and sums as zero. Those of E4M3 codes, which
    // BF16 holds as normal numbers, have no subnormal sums.
    return set == InstructionSet.AVX512_BF16 && operands == GemmOperands.BF16
        ? PRODUCT.with(FLUSHED)
        : PRODUCT;
  }

  @Override
  public int columnAlignment() {
    return PackedWeights.ROWS;
  }

  @Override
  public int productColumns(int m) {
    int most = PRODUCT_RESULT / m / PRODUCT_COLUMNS * PRODUCT_COLUMNS;
    return Math.clamp(most, PRODUCT_COLUMNS, MOST_COLUMNS);
  }

  @Override
  public int product(ActivationRows a, int m, Weight w, long n0, int n, float[] out) {
    NativeScratch scratch = NativeScratch.ofThread();
    int stride = Math.ceilDiv(n, PackedWeights.ROWS) * PackedWeights.ROWS;
    if (w.k() == 0) {
      Arrays.fill(out, 0, m * stride, 0f);
      return stride;
    }
    MemorySegment memory = a.memory();
    MemorySegment scales = a.scales();
    for (int i = 0; i < m; i++) {
      scratch.rows.setAtIndex(LONG, i, memory.address() + a.offset(i));
      if (scales != null) {
        scratch.rowScales.setAtIndex(LONG, i, scales.address() + a.scaleOffset(i));
      }
    }
    boolean plain = w.layout().plain();
    long elementBytes = w.dtype().bits() / Byte.SIZE;
    MemorySegment args = scratch.arguments;
    args.set(LONG, ROWS, scratch.rows.address());
    args.set(LONG, ROW_SCALES, scales == null ? 0 : scratch.rowScales.address());
    args.set(
        LONG,
        WEIGHT,
        w.memory().address()
            + (plain ? w.element(n0, 0) : w.offset() + PackedWeights.bytes(w.dtype(), n0, w.k())));
    args.set(LONG, WEIGHT_PITCH, plain ? w.k() * elementBytes : 0);
    args.set(LONG, WEIGHT_SCALES, scalesOf(w, w.scales(), n0));
    args.set(LONG, SCALE_PITCH, w.blocks());
    args.set(LONG, K, w.k());
    args.set(LONG, SCRATCH, scratch.work);
    args.set(LONG, OUT, scratch.out.address());
    args.set(INT, M, m);
    args.set(INT, N, n);
    args.set(INT, STRIDE, stride);
    args.set(INT, ROW_TYPE, code(a.dtype()));
    args.set(INT, WEIGHT_TYPE, code(w.dtype()));
    args.set(INT, FIRST, (int) (n0 % Weight.BLOCK));
    NativeCalls.product(set.code(), args.address());
    scratch.result(out, m * stride);
    return stride;
  }

  @Override
  public int dots(ActivationRows a, int m, Weight w, long n0, int n, float[] out) {
    long k = w.k();
    boolean whole = k > 0 && k <= DOT_TERMS && k % DOT_STEP == 0;
    boolean scaled = a.scales() != null || w.scales() != null;
    boolean wide = w.dtype() == DType.F32 || w.dtype() == DType.BF16;
    if (!whole || scaled || !wide || !w.layout().plain() || a.dtype() != DType.F32) {
      return product(a, m, w, n0, n, out);
    }
    NativeScratch scratch = NativeScratch.ofThread();
    long step = step(a, m);
    int each = step < 0 ? 1 : m;
    for (int i = 0; i < m; i += each) {
      NativeCalls.dotRows(
          set.code(),
          a.memory().address() + a.offset(i),
          step / Float.BYTES,
          each,
          w.memory().address() + w.element(n0, 0),
          code(w.dtype()),
          k * w.dtype().bits() / Byte.SIZE,
          n,
          Math.toIntExact(k),
          scratch.out.address() + (long) i * n * Float.BYTES,
          n);
    }
    scratch.result(out, m * n);
    return n;
  }

  @Override
  public KernelTraits attentionTraits(long depth) {
    // One more for each: rescaling, merging a split, the sink, the last product of a split.
    Chain chain = Chain.blocked(1, AttentionTile.KEYS, 4);
    // A weight is a product of at most four exponentials, three of them rounded from FP64.
    double exp = ULPS.exp() + 1.5;
    return KernelTraits.PLAIN_F32.with(chain).with(new Ulps(exp, 0.5, 0.5, 0.5, 0.5));
  }

  @Override
  public Optional<KernelTraits> joinedAttentionTraits(
      DType queries, DType cache, long depth, long valueDim) {
    if (set != InstructionSet.AVX512_BF16
        || queries != DType.BF16
        || cache != DType.BF16
        || depth % NativeAttentionTile.WIDTH != 0
        || valueDim % NativeAttentionTile.WIDTH != 0) {
      return Optional.empty();
    }
    return Optional.of(
        attentionTraits(depth).with(RoundPoints.probabilities(DType.BF16)).with(FLUSHED));
  }

  @Override
  public AttentionTile attentionTile(
      long depth, long valueDim, AttentionTile.Values values, AttentionTile.Sharing sharing) {
    return NativeAttentionTile.of(set, depth, valueDim, values, sharing);
  }

  @Override
  public void accumulate(
      ActivationRows a, int m, Weight w, int terms, MemorySegment c, long byteOffset, long pitch) {
    long step = step(a, m);
    int each = step < 0 ? 1 : m;
    for (int i = 0; i < m; i += each) {
      NativeCalls.accumulate(
          set.code(),
          a.memory().address() + a.offset(i),
          code(a.dtype()),
          step,
          each,
          w.memory().address() + w.offset(),
          code(w.dtype()),
          w.k() * w.dtype().bits() / Byte.SIZE,
          Math.toIntExact(w.k()),
          terms,
          c.address() + byteOffset + i * pitch,
          pitch);
    }
  }

  /** Returns the bytes from row to row; -1 when that differs. */
  private static long step(ActivationRows a, int m) {
    long step = m > 1 ? a.offset(1) - a.offset(0) : 0;
    for (int i = 2; i < m; i++) {
      if (a.offset(i) != a.offset(0) + i * step) {
        return -1;
      }
    }
    return step < 0 ? -1 : step;
  }

  private static long scalesOf(Weight w, @Nullable MemorySegment scales, long n0) {
    return scales == null
        ? 0
        : scales.address() + w.scaleOffset() + n0 / Weight.BLOCK * w.blocks() * Float.BYTES;
  }

  /** Returns the number of a type on the native side. */
  static int code(DType dtype) {
    return switch (dtype) {
      case F32 -> 0;
      case BF16 -> 1;
      case F16 -> 2;
      case E4M3FN -> 3;
      default -> throw new HalException(ErrorCode.INTERNAL, "no native kernels for " + dtype);
    };
  }
}
