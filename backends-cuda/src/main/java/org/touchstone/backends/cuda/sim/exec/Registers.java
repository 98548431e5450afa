package org.touchstone.backends.cuda.sim.exec;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.touchstone.backends.cuda.sim.ptx.PtxException;
import org.touchstone.backends.cuda.sim.ptx.PtxInstruction;

/**
 * Gives registers, constants and special registers their slots while a kernel is decoded.
 *
 * <p>Slot 0 of each file is scratch. Registers of 16 bits and fewer are kept zero-extended in a
 * slot of 32 bits.
 */
final class Registers {
  static final int PREDICATE = 0;
  static final int INT = 1;
  static final int LONG = 2;

  private record Register(int file, int slot, String type) {
    int code() {
      return (file == PREDICATE ? slot : slot / 32) << 2 | file;
    }
  }

  private final Map<String, Register> byName = new HashMap<>();
  private final Map<Integer, Integer> constants = new LinkedHashMap<>();
  private final Map<Long, Integer> wideConstants = new LinkedHashMap<>();
  private final Map<String, Integer> specials = new LinkedHashMap<>();
  private final Map<String, Long> symbols = new HashMap<>();
  private int ints = 1;
  private int longs = 1;
  private int predicates = 1;

  /** Registers that the instruction being decoded reads and writes, coded. */
  final List<Integer> reads = new ArrayList<>();

  final List<Integer> writes = new ArrayList<>();

  void declare(String name, String type) {
    int file = type.equals("pred") ? PREDICATE : type.endsWith("64") ? LONG : INT;
    int slot =
        switch (file) {
          case PREDICATE -> predicates++;
          case INT -> 32 * ints++;
          default -> 32 * longs++;
        };
    byName.put(name, new Register(file, slot, type));
  }

  /** Gives a variable's name the address that it stands for. */
  void symbol(String name, long address) {
    symbols.put(name, address);
  }

  boolean isRegister(String name) {
    return byName.containsKey(name);
  }

  boolean isSymbol(String name) {
    return symbols.containsKey(name);
  }

  @Nullable String type(String name) {
    Register r = byName.get(name);
    return r == null ? null : r.type();
  }

  boolean isWide(String name) {
    Register r = byName.get(name);
    return r != null && r.file() == LONG;
  }

  private Register register(PtxInstruction in, String name, int file) {
    Register r = byName.get(name);
    if (r == null) {
      throw in.error("unknown register " + name);
    }
    if (r.file() != file) {
      throw in.error("register " + name + " of type ." + r.type() + " does not fit here");
    }
    return r;
  }

  int write(PtxInstruction in, String name, int file) {
    Register r = register(in, name, file);
    writes.add(r.code());
    return r.slot();
  }

  int read(PtxInstruction in, String name, int file) {
    Register r = register(in, name, file);
    reads.add(r.code());
    return r.slot();
  }

  int predicate(PtxInstruction in, String name) {
    return read(in, name, PREDICATE);
  }

  /** Returns the slot of a source of 32 bits or fewer: register, constant, special or address. */
  int int32(PtxInstruction in, String operand, boolean half) {
    if (byName.containsKey(operand)) {
      return read(in, operand, INT);
    }
    if (Specials.known(operand)) {
      return specials.computeIfAbsent(operand, s -> 32 * ints++);
    }
    long value = constant(in, operand, false);
    return constant32(half ? (int) value & 0xffff : (int) value);
  }

  int constant32(int value) {
    return constants.computeIfAbsent(value, v -> 32 * ints++);
  }

  int constant64(long value) {
    return wideConstants.computeIfAbsent(value, v -> 32 * longs++);
  }

  /** Returns the slot of a source of 64 bits. */
  int int64(PtxInstruction in, String operand) {
    if (byName.containsKey(operand)) {
      return read(in, operand, LONG);
    }
    return constant64(constant(in, operand, true));
  }

  /** Returns the value of a constant: a number, or a variable's address with an offset. */
  long constant(PtxInstruction in, String operand, boolean wide) {
    int plus = operand.lastIndexOf('+');
    String name = plus > 0 ? operand.substring(0, plus).strip() : operand;
    Long address = symbols.get(name);
    if (address != null) {
      return address + (plus > 0 ? Literals.integer(in, operand.substring(plus + 1).strip()) : 0);
    }
    try {
      return Literals.parse(operand, wide);
    } catch (NumberFormatException e) {
      throw in.error("unknown operand " + operand);
    }
  }

  int ints() {
    return ints;
  }

  int longs() {
    return longs;
  }

  int predicates() {
    return predicates;
  }

  List<Long> constants() {
    List<Long> out = new ArrayList<>();
    constants.forEach(
        (value, slot) -> {
          out.add((long) slot);
          out.add((long) value);
        });
    return out;
  }

  List<Long> wideConstants() {
    List<Long> out = new ArrayList<>();
    wideConstants.forEach(
        (value, slot) -> {
          out.add((long) slot);
          out.add(value);
        });
    return out;
  }

  List<Program.Special> specials() {
    List<Program.Special> out = new ArrayList<>();
    specials.forEach((name, slot) -> out.add(new Program.Special(name, slot)));
    return out;
  }

  /** Reads numbers as PTX writes them. */
  static final class Literals {
    private Literals() {}

    static long integer(PtxInstruction in, String text) {
      try {
        return parse(text, true);
      } catch (NumberFormatException e) {
        throw in.error("expected a number instead of " + text);
      }
    }

    /** Returns bits: of a float or double for {@code 0f}, {@code 0d} and decimal fractions. */
    static long parse(String text, boolean wide) {
      String s = text.endsWith("U") ? text.substring(0, text.length() - 1) : text;
      boolean negative = s.startsWith("-");
      String digits = negative ? s.substring(1) : s;
      if (digits.startsWith("0f") || digits.startsWith("0F")) {
        return floatBits(Integer.parseUnsignedInt(digits.substring(2), 16), negative, wide);
      }
      if (digits.startsWith("0d") || digits.startsWith("0D")) {
        long bits = Long.parseUnsignedLong(digits.substring(2), 16);
        bits = negative ? bits ^ Long.MIN_VALUE : bits;
        return wide ? bits : Float.floatToRawIntBits((float) Double.longBitsToDouble(bits));
      }
      if (digits.contains(".")) {
        double value = Double.parseDouble(s);
        return wide ? Double.doubleToRawLongBits(value) : Float.floatToRawIntBits((float) value);
      }
      long value;
      if (digits.startsWith("0x") || digits.startsWith("0X")) {
        value = Long.parseUnsignedLong(digits.substring(2), 16);
      } else if (digits.startsWith("0b")) {
        value = Long.parseUnsignedLong(digits.substring(2), 2);
      } else if (digits.length() > 1 && digits.startsWith("0")) {
        value = Long.parseUnsignedLong(digits.substring(1), 8);
      } else {
        value = Long.parseUnsignedLong(digits);
      }
      return negative ? -value : value;
    }

    private static long floatBits(int bits, boolean negative, boolean wide) {
      int signed = negative ? bits ^ Integer.MIN_VALUE : bits;
      return wide ? Double.doubleToRawLongBits(Float.intBitsToFloat(signed)) : signed & 0xffffffffL;
    }
  }

  /** Returns an error that a kernel as a whole is to blame for. */
  static PtxException at(int line, String message) {
    return new PtxException(line, message);
  }
}
