package org.touchstone.backends.cuda.sim.exec;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.touchstone.backends.cuda.sim.math.FloatFormat;
import org.touchstone.backends.cuda.sim.math.Rounding;
import org.touchstone.backends.cuda.sim.ptx.PtxInstruction;

/**
 * {@code mma.sync} m16n8kK, row by column.
 *
 * <p>With g = lane/4 and t = lane mod 4, and E elements per 32-bit register (PTX ISA, matrix
 * fragments for mma.m16n8k*): register i of A holds row g + 8(i mod 2), columns E·t to E·t+E−1 plus
 * (K/2)·(i/2); register i of B holds the same range of rows plus (K/2)·i, column g; element i of C
 * and D is row g + 8(i/2), column 2t + (i mod 2). Shapes with half as many registers have K/2 = K.
 */
final class TensorOps extends Instruction {
  /** Element types of A and B. */
  private enum Element {
    F16(16, FloatFormat.F16),
    BF16(16, FloatFormat.BF16),
    TF32(32, FloatFormat.F32),
    E4M3(8, FloatFormat.E4M3),
    E5M2(8, FloatFormat.E5M2),
    S8(8, FloatFormat.F32),
    U8(8, FloatFormat.F32);

    final int bits;
    private final FloatFormat format;

    Element(int bits, FloatFormat format) {
      this.bits = bits;
      this.format = format;
    }

    /** Returns the values of all codes of a small float type; none of other types. */
    float[] table() {
      float[] values = new float[format == FloatFormat.F32 ? 0 : 1 << bits];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) format.decode(i);
      }
      return values;
    }

    boolean integer() {
      return this == S8 || this == U8;
    }

    static Optional<Element> of(String name) {
      return Arrays.stream(values())
          .filter(e -> e.name().toLowerCase(Locale.ROOT).equals(name))
          .findFirst();
    }
  }

  private static final int E4M3_LEAST = -6;
  private static final int E5M2_LEAST = -14;

  private static final Map<Element, float[]> TABLES = new EnumMap<>(Element.class);

  static {
    for (Element e : Element.values()) {
      TABLES.put(e, e.table());
    }
  }

  private static final ThreadLocal<Tiles> TILES = ThreadLocal.withInitial(Tiles::new);

  /** Matrices of one instruction: A by rows, B by rows, C by rows. */
  private static final class Tiles {
    final double[] a = new double[16 * 32];
    final double[] b = new double[32 * 8];
    final double[] c = new double[16 * 8];
  }

  private final int k;
  private final Element typeA;
  private final Element typeB;
  private final float[] valuesA;
  private final float[] valuesB;
  private final boolean integers;
  private final boolean halfResult;
  private final boolean saturate;

  /** Where the first element of lane l's first register of A and B goes. */
  private final int[] placesA = new int[32];

  private final int[] placesB = new int[32];
  private final int[] d;
  private final int[] a;
  private final int[] b;
  private final int[] c;

  private TensorOps(
      int k,
      Element typeA,
      Element typeB,
      String result,
      boolean saturate,
      int[] d,
      int[] a,
      int[] b,
      int[] c) {
    this.kind = Kind.CONVERGENT;
    this.k = k;
    this.typeA = typeA;
    this.typeB = typeB;
    this.valuesA = Objects.requireNonNull(TABLES.get(typeA));
    this.valuesB = Objects.requireNonNull(TABLES.get(typeB));
    this.integers = result.equals("s32");
    this.halfResult = result.equals("f16");
    this.saturate = saturate;
    this.d = d;
    this.a = a;
    this.b = b;
    this.c = c;
    int per = 32 / typeA.bits;
    for (int l = 0; l < 32; l++) {
      placesA[l] = (l >> 2) * k + (l & 3) * per;
      placesB[l] = (l & 3) * per * 8 + (l >> 2);
    }
  }

  static Instruction decode(Decoder decoder, PtxInstruction in, Modifiers m) {
    m.demand("sync");
    m.demand("aligned");
    String shape = m.takeOne("m16n8k4", "m16n8k8", "m16n8k16", "m16n8k32");
    m.demand("row");
    m.demand("col");
    m.take("kind::f8f6f4");
    boolean saturate = m.take("satfinite");
    String[] types = new String[4];
    for (int i = 3; i >= 0; i--) {
      types[i] = m.takeType();
    }
    m.end();
    decoder.operands(in, 4);
    Element typeA = Element.of(types[1]).orElseThrow(() -> in.error("unsupported element type"));
    Element typeB = Element.of(types[2]).orElseThrow(() -> in.error("unsupported element type"));
    if (shape.isEmpty() || typeA.bits != typeB.bits || !types[0].equals(types[3])) {
      throw in.error("unsupported matrix shape or types");
    }
    int k = Integer.parseInt(shape.substring("m16n8k".length()));
    int perRegister = 32 / typeA.bits;
    String result = types[0];
    boolean sums =
        switch (typeA) {
          case S8, U8 -> typeB.integer() && result.equals("s32");
          case E4M3, E5M2 -> !typeB.integer() && (result.equals("f32") || result.equals("f16"));
          case F16 -> typeB == typeA && (result.equals("f32") || result.equals("f16"));
          case BF16, TF32 -> typeB == typeA && result.equals("f32");
        };
    boolean legal =
        sums
            && k % (4 * perRegister) == 0
            && k <= 8 * perRegister
            && (typeA.integer() || !saturate);
    if (!legal) {
      throw in.error("unsupported matrix shape or types");
    }
    int parts = k / (4 * perRegister);
    int results = result.equals("f16") ? 2 : 4;
    int[] a = registers(decoder, in, 1, 2 * parts, false);
    int[] b = registers(decoder, in, 2, parts, false);
    int[] c = registers(decoder, in, 3, results, false);
    int[] d = registers(decoder, in, 0, results, true);
    return new TensorOps(k, typeA, typeB, result, saturate, d, a, b, c);
  }

  private static int[] registers(
      Decoder decoder, PtxInstruction in, int operand, int count, boolean write) {
    String[] names = Decoder.vector(in.operands().get(operand));
    if (names.length != count) {
      throw in.error("expected " + count + " registers in operand " + (operand + 1));
    }
    int[] slots = new int[count];
    for (int i = 0; i < count; i++) {
      slots[i] =
          write
              ? decoder.registers().write(in, names[i], Registers.INT)
              : decoder.registers().int32(in, names[i], false);
    }
    return slots;
  }

  @Override
  void execute(Warp w, int mask) {
    Tiles t = TILES.get();
    load(w.r, t);
    if (integers) {
      multiplyIntegers(w.r, t);
      return;
    }
    boolean truncates = w.block.launch.options().accumulator() == Accumulator.TRUNCATING_13_BIT;
    if (truncates && typeA.bits == Byte.SIZE) {
      boolean wide = typeA == Element.E5M2 && typeB == Element.E5M2;
      Truncation.multiply(t.a, t.b, t.c, k, wide ? E5M2_LEAST : E4M3_LEAST);
    } else {
      multiply(t);
    }
    store(w.r, t);
  }

  private void load(int[] r, Tiles t) {
    int half = 4 * (32 / typeA.bits);
    for (int i = 0; i < a.length; i++) {
      unpack(r, a[i], typeA, valuesA, t.a, placesA, (i & 1) * 8 * k + (i >> 1) * half, 1);
    }
    for (int i = 0; i < b.length; i++) {
      unpack(r, b[i], typeB, valuesB, t.b, placesB, i * half * 8, 8);
    }
    for (int l = 0; l < 32; l++) {
      int at = (l >> 2) * 8 + (l & 3) * 2;
      for (int i = 0; i < 4; i++) {
        int cell = at + (i >> 1) * 64 + (i & 1);
        if (halfResult) {
          t.c[cell] = Float.float16ToFloat((short) (r[c[i >> 1] + l] >>> (16 * (i & 1))));
        } else if (integers) {
          t.c[cell] = r[c[i] + l];
        } else {
          t.c[cell] = Float.intBitsToFloat(r[c[i] + l]);
        }
      }
    }
  }

  /** Unpacks the elements of a register of all lanes; lane l's first goes to {@code at[l]}. */
  private static void unpack(
      int[] r,
      int slot,
      Element type,
      float[] values,
      double[] out,
      int[] at,
      int shift,
      int step) {
    switch (type) {
      case BF16 -> {
        for (int l = 0; l < 32; l++) {
          int word = r[slot + l];
          out[at[l] + shift] = Float.intBitsToFloat(word << 16);
          out[at[l] + shift + step] = Float.intBitsToFloat(word & 0xffff0000);
        }
      }
      case F16 -> {
        for (int l = 0; l < 32; l++) {
          int word = r[slot + l];
          out[at[l] + shift] = Float.float16ToFloat((short) word);
          out[at[l] + shift + step] = Float.float16ToFloat((short) (word >> 16));
        }
      }
      case TF32 -> {
        for (int l = 0; l < 32; l++) {
          out[at[l] + shift] = Float.intBitsToFloat(r[slot + l] & 0xffffe000);
        }
      }
      case S8, U8 -> {
        for (int l = 0; l < 32; l++) {
          for (int i = 0; i < 4; i++) {
            int b = r[slot + l] >>> (8 * i);
            out[at[l] + shift + i * step] = type == Element.S8 ? (byte) b : b & 0xff;
          }
        }
      }
      case E4M3, E5M2 -> {
        for (int l = 0; l < 32; l++) {
          int word = r[slot + l];
          int o = at[l] + shift;
          out[o] = values[word & 0xff];
          out[o + step] = values[(word >>> 8) & 0xff];
          out[o + 2 * step] = values[(word >>> 16) & 0xff];
          out[o + 3 * step] = values[word >>> 24];
        }
      }
    }
  }

  /** Adds products in double: exact for all element types but for sums of very different size. */
  private void multiply(Tiles t) {
    double[] b = t.b;
    double[] c = t.c;
    for (int row = 0; row < 16; row++) {
      int o = row * 8;
      double c0 = 0;
      double c1 = 0;
      double c2 = 0;
      double c3 = 0;
      double c4 = 0;
      double c5 = 0;
      double c6 = 0;
      double c7 = 0;
      for (int i = 0; i < k; i++) {
        double x = t.a[row * k + i];
        int at = i * 8;
        c0 += x * b[at];
        c1 += x * b[at + 1];
        c2 += x * b[at + 2];
        c3 += x * b[at + 3];
        c4 += x * b[at + 4];
        c5 += x * b[at + 5];
        c6 += x * b[at + 6];
        c7 += x * b[at + 7];
      }
      c[o] += c0;
      c[o + 1] += c1;
      c[o + 2] += c2;
      c[o + 3] += c3;
      c[o + 4] += c4;
      c[o + 5] += c5;
      c[o + 6] += c6;
      c[o + 7] += c7;
    }
  }

  private void multiplyIntegers(int[] r, Tiles t) {
    multiply(t);
    for (int l = 0; l < 32; l++) {
      for (int i = 0; i < 4; i++) {
        long sum = (long) t.c[((l >> 2) + (i >> 1) * 8) * 8 + (l & 3) * 2 + (i & 1)];
        r[d[i] + l] = saturate ? Math.clamp(sum, Integer.MIN_VALUE, Integer.MAX_VALUE) : (int) sum;
      }
    }
  }

  private void store(int[] r, Tiles t) {
    for (int l = 0; l < 32; l++) {
      int at = (l >> 2) * 8 + (l & 3) * 2;
      if (halfResult) {
        for (int i = 0; i < 2; i++) {
          int low = FloatFormat.F16.encode(t.c[at + i * 64], Rounding.RN);
          int high = FloatFormat.F16.encode(t.c[at + i * 64 + 1], Rounding.RN);
          r[d[i] + l] = high << 16 | low;
        }
      } else {
        for (int i = 0; i < 4; i++) {
          r[d[i] + l] = FloatOps.bits((float) t.c[at + (i >> 1) * 64 + (i & 1)]);
        }
      }
    }
  }
}
