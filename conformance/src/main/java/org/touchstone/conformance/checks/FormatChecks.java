package org.touchstone.conformance.checks;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.touchstone.api.Buffer;
import org.touchstone.api.Operator;
import org.touchstone.api.Tensor;
import org.touchstone.api.Verdict;
import org.touchstone.api.format.DType;
import org.touchstone.api.format.FloatFormat;
import org.touchstone.api.format.Saturation;
import org.touchstone.api.op.CastArgs;
import org.touchstone.api.op.CastSpec;
import org.touchstone.backends.host.HostTensors;
import org.touchstone.conformance.cases.Level;
import org.touchstone.conformance.checks.Check.Finding;
import org.touchstone.conformance.run.Item;
import org.touchstone.conformance.run.Lane;

/**
 * Every code of every narrow type on the device, against the format's own definition: bytes of
 * E4M3FN and E4M3FNUZ must not be mixed up, NaN and subnormals must survive.
 */
final class FormatChecks {
  private static final List<DType> NARROW =
      List.of(DType.E4M3FN, DType.E5M2, DType.E4M3FNUZ, DType.E5M2FNUZ, DType.E2M1, DType.E8M0);

  private FormatChecks() {}

  static List<Item> all() {
    List<Item> items = new ArrayList<>();
    for (DType type : NARROW) {
      String name = type.name().toLowerCase(Locale.ROOT);
      items.add(check(name + "/decode_all_codes", lane -> decode(type, lane)));
      items.add(check(name + "/round_trip_all_codes", lane -> roundTrip(type, lane)));
      for (Saturation saturation : Saturation.values()) {
        items.add(
            check(
                name + "/encode_" + saturation.name().toLowerCase(Locale.ROOT),
                lane -> encode(type, saturation, lane)));
      }
    }
    return items;
  }

  private static Check check(String what, Check.Body body) {
    return new Check("format", "cast", "format/" + what, Level.L0, body);
  }

  private static Finding decode(DType type, Lane lane) {
    long[] codes = allCodes(type);
    return cast(
        lane,
        new CastSpec(type, DType.F32, Saturation.NONSAT, CastSpec.of(type, type).e8m0Rounding()),
        codes,
        result -> {
          List<String> mistakes = new ArrayList<>();
          for (int i = 0; i < codes.length; i++) {
            double expected = type.format().decode((int) codes[i]);
            double actual = FloatFormat.F32.decode((int) result[i]);
            if (Double.compare(actual, expected) != 0) {
              mistakes.add(hex(codes[i]) + " became " + actual + ", expected " + expected);
            }
          }
          return Finding.of(mistakes);
        });
  }

  private static Finding roundTrip(DType type, Lane lane) {
    long[] codes = allCodes(type);
    CastSpec there = CastSpec.of(type, DType.F32);
    CastSpec back = CastSpec.of(DType.F32, type);
    if (lane.session().device().support(back) instanceof Verdict.No no) {
      return Finding.unsupported(no.reason().code() + ": " + no.reason().detail());
    }
    return cast(
        lane,
        there,
        codes,
        middle ->
            cast(
                lane,
                back,
                middle,
                result -> {
                  List<String> mistakes = new ArrayList<>();
                  for (int i = 0; i < codes.length; i++) {
                    boolean nan = type.format().isNan((int) codes[i]);
                    boolean same =
                        nan ? type.format().isNan((int) result[i]) : result[i] == codes[i];
                    if (!same) {
                      mistakes.add(hex(codes[i]) + " came back as " + hex(result[i]));
                    }
                  }
                  return Finding.of(mistakes);
                }));
  }

  private static Finding encode(DType type, Saturation saturation, Lane lane) {
    float[] values = tricky(type.format());
    long[] bits = new long[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Integer.toUnsignedLong(Float.floatToRawIntBits(values[i]));
    }
    CastSpec spec =
        new CastSpec(DType.F32, type, saturation, CastSpec.of(type, type).e8m0Rounding());
    return cast(
        lane,
        spec,
        bits,
        result -> {
          List<String> mistakes = new ArrayList<>();
          FloatFormat format = type.format();
          for (int i = 0; i < values.length; i++) {
            int expected = format.encode(values[i], saturation);
            boolean nan = format.isNan(expected) && format.isNan((int) result[i]);
            if (result[i] != expected && !nan) {
              mistakes.add(values[i] + " became " + hex(result[i]) + ", expected " + hex(expected));
            }
          }
          return Finding.of(mistakes);
        });
  }

  /** Every value, every tie between neighbours, both sides of every tie, and beyond the range. */
  private static float[] tricky(FloatFormat format) {
    List<Float> values = new ArrayList<>();
    double value = format.hasZero() ? 0 : format.minNormal();
    while (Double.isFinite(value)) {
      double next = format.nextUp(value);
      add(values, (float) value, format);
      if (Double.isFinite(next)) {
        float tie = (float) ((value + next) / 2);
        add(values, tie, format);
        add(values, Math.nextUp(tie), format);
        add(values, Math.nextDown(tie), format);
      }
      value = next;
    }
    float max = (float) format.maxFinite();
    for (float beyond :
        new float[] {
          max * 1.03f, max * 1.0625f, max * 1.07f, max * 1.5f, 2 * max, Float.MAX_VALUE
        }) {
      add(values, beyond, format);
    }
    add(values, Float.POSITIVE_INFINITY, format);
    values.add(Float.NaN);
    float[] array = new float[values.size()];
    for (int i = 0; i < array.length; i++) {
      array[i] = values.get(i);
    }
    return array;
  }

  private static void add(List<Float> values, float value, FloatFormat format) {
    if (format.isSigned()) {
      values.add(value);
      values.add(-value);
    } else if (value > 0) {
      values.add(value);
    }
  }

  private static long[] allCodes(DType type) {
    long[] codes = new long[1 << type.bits()];
    for (int i = 0; i < codes.length; i++) {
      codes[i] = i;
    }
    return codes;
  }

  /** Looks at the codes that a cast gave. */
  private interface Look {
    Finding at(long[] codes);
  }

  private static Finding cast(Lane lane, CastSpec spec, long[] codes, Look look) {
    if (lane.session().device().support(spec) instanceof Verdict.No no) {
      return Finding.unsupported(no.reason().code() + ": " + no.reason().detail());
    }
    Operator<CastArgs> cast = lane.session().prepare(spec);
    try (Arena arena = Arena.ofShared()) {
      Tensor source = HostTensors.allocate(arena, spec.from(), codes.length);
      HostTensors.writeCodes(source, codes);
      Tensor target = HostTensors.allocate(arena, spec.to(), codes.length);
      try (Buffer x = lane.session().device().allocate(Math.max(8, source.storageBytes()));
          Buffer y = lane.session().device().allocate(Math.max(8, target.storageBytes()))) {
        Tensor from = Tensor.of(x, spec.from(), source.shape());
        Tensor to = Tensor.of(y, spec.to(), source.shape());
        lane.queue().copy(source, from).join();
        cast.submit(lane.queue(), new CastArgs(from, to)).join();
        lane.queue().copy(to, target).join();
      }
      return look.at(HostTensors.codes(target));
    }
  }

  private static String hex(long code) {
    return "0x" + Long.toHexString(code);
  }
}
