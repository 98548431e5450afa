package org.touchstone.conformance.data;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongToDoubleFunction;
import java.util.function.LongUnaryOperator;
import org.touchstone.api.Shape;
import org.touchstone.api.Tensor;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.FloatFormat;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.Slot;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.conformance.cases.DataFamily;
import org.touchstone.conformance.cases.TestCase;

/**
 * The inputs of a case, and the previous content of its in-out tensors: dense host tensors, filled
 * by numbers that depend on (case name, slot, index) only. Not thread-safe.
 *
 * <p>Every filling method writes the whole slot; a later call replaces an earlier one. A slot that
 * is absent or switched off in this case is skipped, so a filler need not ask.
 */
public final class InputData {
  private final TestCase testCase;
  private final String variant;
  private final Map<String, Tensor> tensors = new LinkedHashMap<>();
  private final Set<String> unfilled = new TreeSet<>();

  private InputData(TestCase testCase, String variant, Arena arena) {
    this.testCase = testCase;
    this.variant = variant;
    for (Slot slot : testCase.spec().signature().slots()) {
      if (slot.read() && testCase.present(slot)) {
        long[] dims = testCase.shape(slot).dims();
        tensors.put(slot.name(), HostTensors.allocate(arena, slot.dtype(), dims));
        unfilled.add(slot.name());
      }
    }
  }

  /**
   * Makes the inputs of a case.
   *
   * @param arena owner of the memory
   * @throws IllegalStateException when a slot that is not floating-point was not filled
   */
  public static InputData of(TestCase testCase, Arena arena) {
    return of(testCase, "", arena);
  }

  /**
   * Makes other inputs of the same case.
   *
   * @param variant distinguishes them; empty for the usual ones
   */
  public static InputData of(TestCase testCase, String variant, Arena arena) {
    InputData data = new InputData(testCase, variant, arena);
    testCase.filler().fill(data);
    data.tensors.forEach(
        (slot, tensor) -> {
          if (!data.unfilled.contains(slot)) {
            return;
          }
          if (!tensor.dtype().isFloat()) {
            throw new IllegalStateException(
                "case "
                    + testCase.name()
                    + " does not fill slot "
                    + slot
                    + "; fill it in its filler");
          }
          data.floats(slot);
        });
    return data;
  }

  /** Returns the case. */
  public TestCase testCase() {
    return testCase;
  }

  /** Returns the family of the case. */
  public DataFamily family() {
    return testCase.family();
  }

  /** Returns the filled tensors by slot, in slot order. */
  public Map<String, Tensor> tensors() {
    return tensors;
  }

  /** Returns whether a slot is an input of this case. */
  public boolean has(String slot) {
    return tensors.containsKey(slot);
  }

  /** Returns the tensor of an input. */
  public Tensor tensor(String slot) {
    Tensor tensor = tensors.get(slot);
    if (tensor == null) {
      throw new IllegalArgumentException(
          "case " + testCase.name() + " has no input " + slot + ", it has " + tensors.keySet());
    }
    return tensor;
  }

  /** Returns the shape of an input. */
  public Shape shape(String slot) {
    return tensor(slot).shape();
  }

  /** Returns the value of a symbol. */
  public long extent(String symbol) {
    return testCase.extents().getOrDefault(symbol, 0L);
  }

  /** Returns a stream of random numbers of this case, for choices that span slots. */
  public CounterRandom random(String stream) {
    return CounterRandom.of(testCase.name() + variant, stream);
  }

  /** Fills a floating-point slot by the case's family; codes of 8 bits and less as well. */
  public void floats(String slot) {
    floats(slot, testCase.family());
  }

  /**
   * Fills a floating-point slot by a family: exact integers (sparser where {@link
   * TestCase.Builder#reduction} says that many are added up), numbers around 0 with deviation 1
   * (for FP8 and FP4 a quarter of the largest value), subnormals, the two topmost binades, or
   * patterned rows. E8M0 slots are filled as {@link #scales} does.
   */
  public void floats(String slot, DataFamily family) {
    Tensor tensor = tensors.get(slot);
    if (tensor == null) {
      return;
    }
    if (tensor.dtype() == DType.E8M0) {
      scales(slot);
      return;
    }
    fill(
        slot, FamilyFill.of(family, tensor.dtype(), tensor.shape(), random(slot), reduction(slot)));
  }

  private long reduction(String slot) {
    return testCase.spec().signature().slot(slot).written() ? 1 : testCase.reduction();
  }

  /** Fills with uniform numbers from {@code low} to {@code high}. */
  public void uniform(String slot, double low, double high) {
    CounterRandom random = random(slot);
    values(slot, i -> low + (high - low) * random.unit(i));
  }

  /** Fills with roughly normal numbers, at most 3.47 deviations from the mean. */
  public void normal(String slot, double mean, double deviation) {
    CounterRandom random = random(slot);
    values(slot, i -> mean + deviation * random.normal(i));
  }

  /** Fills with numbers of random sign whose magnitude lies between {@code high/2} and high. */
  public void large(String slot, double high) {
    CounterRandom random = random(slot);
    values(
        slot,
        i -> Math.copySign(high * (0.5 + 0.5 * random.unit(i)), random.bits(~i) < 0 ? -1 : 1));
  }

  /** Fills with integers from {@code low} to {@code high}, both included; any dtype. */
  public void integers(String slot, long low, long high) {
    CounterRandom random = random(slot);
    integers(slot, i -> low + random.below(i, high - low + 1));
  }

  /** Fills with integers that are a function of the element's row-major number; any dtype. */
  public void integers(String slot, LongUnaryOperator value) {
    Tensor tensor = tensors.get(slot);
    if (tensor != null && tensor.dtype().isFloat()) {
      values(slot, i -> value.applyAsLong(i));
    } else {
      fill(slot, value);
    }
  }

  /** Fills with one value; any dtype. */
  public void constant(String slot, double value) {
    Tensor tensor = tensors.get(slot);
    if (tensor != null && tensor.dtype().isFloat()) {
      values(slot, i -> value);
    } else {
      fill(slot, i -> (long) value);
    }
  }

  /**
   * Fills with positive scales: powers of two from 1/2 to 2 in the exact family and E8M0 slots
   * (there from 2^-3 to 2^3 outside the exact family), otherwise log-uniform from 2^-6 to 1.
   */
  public void scales(String slot) {
    Tensor tensor = tensors.get(slot);
    if (tensor == null) {
      return;
    }
    CounterRandom random = random(slot);
    boolean exact = testCase.family() == DataFamily.EXACT_INTEGER;
    if (exact || tensor.dtype() == DType.E8M0) {
      int reach = exact ? 1 : 3;
      values(slot, i -> Math.scalb(1.0, (int) random.below(i, 2 * reach + 1) - reach));
    } else {
      values(slot, i -> Math.pow(2, -6 * random.unit(i)));
    }
  }

  /** Fills a floating-point slot with all its finite codes, each equally likely. */
  public void codes(String slot) {
    Tensor tensor = tensors.get(slot);
    if (tensor == null) {
      return;
    }
    FloatFormat format = tensor.dtype().format();
    CounterRandom random = random(slot);
    long magnitudes = format.maxFiniteCode() + 1L;
    fill(
        slot,
        i -> {
          long magnitude = random.below(i, magnitudes);
          long sign = format.isSigned() && random.bits(~i) < 0 ? 1L << (format.bits() - 1) : 0;
          return format.isNan((int) (sign | magnitude)) ? magnitude : sign | magnitude;
        });
  }

  /** Sets integers, or the bits of floating-point elements, in row-major order. */
  public void set(String slot, long[] codes) {
    requireLength(slot, codes.length);
    fill(slot, i -> codes[(int) i]);
  }

  /** Sets numbers in row-major order, rounded to nearest even without saturation. */
  public void set(String slot, double[] values) {
    requireLength(slot, values.length);
    values(slot, i -> values[(int) i]);
  }

  private void requireLength(String slot, int length) {
    if (has(slot) && shape(slot).elements() != length) {
      throw new IllegalArgumentException(
          "case "
              + testCase.name()
              + ": slot "
              + slot
              + " has "
              + shape(slot).elements()
              + " elements, got "
              + length);
    }
  }

  /** Fills with numbers that are a function of the element's row-major number. */
  public void values(String slot, LongToDoubleFunction value) {
    Tensor tensor = tensors.get(slot);
    if (tensor == null) {
      return;
    }
    if (tensor.dtype() == DType.F32) {
      fill(slot, i -> Float.floatToRawIntBits((float) value.applyAsDouble(i)));
    } else {
      FloatFormat format = tensor.dtype().format();
      fill(
          slot,
          i -> Integer.toUnsignedLong(format.encode(value.applyAsDouble(i), Saturation.NONSAT)));
    }
  }

  /** Fills with codes: integers, or the bits of floating-point elements. */
  public void fill(String slot, LongUnaryOperator code) {
    Tensor tensor = tensors.get(slot);
    if (tensor == null) {
      return;
    }
    unfilled.remove(slot);
    MemorySegment memory = tensor.buffer().host();
    long elements = tensor.shape().elements();
    switch (tensor.dtype().bits()) {
      case 64 -> {
        for (long i = 0; i < elements; i++) {
          memory.set(ValueLayout.JAVA_LONG_UNALIGNED, 8 * i, code.applyAsLong(i));
        }
      }
      case 32 -> {
        for (long i = 0; i < elements; i++) {
          memory.set(ValueLayout.JAVA_INT_UNALIGNED, 4 * i, (int) code.applyAsLong(i));
        }
      }
      case 16 -> {
        for (long i = 0; i < elements; i++) {
          memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, 2 * i, (short) code.applyAsLong(i));
        }
      }
      case 8 -> {
        for (long i = 0; i < elements; i++) {
          memory.set(ValueLayout.JAVA_BYTE, i, (byte) code.applyAsLong(i));
        }
      }
      default -> {
        long[] codes = new long[Math.toIntExact(elements)];
        for (int i = 0; i < codes.length; i++) {
          codes[i] = code.applyAsLong(i);
        }
        HostTensors.writeCodes(tensor, codes);
      }
    }
  }
}
