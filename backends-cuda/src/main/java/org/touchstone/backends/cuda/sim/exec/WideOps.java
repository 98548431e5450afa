package org.touchstone.backends.cuda.sim.exec;

/** Integer, logic and shift instructions of 64 bits by their full opcode. */
final class WideOps {
  /** Takes forms. */
  interface Forms {
    void form(String opcodes, String signature, LaneOp op);
  }

  private static final long LOW = 0xffffffffL;

  private final Forms forms;

  private WideOps(Forms forms) {
    this.forms = forms;
  }

  static void define(Forms forms) {
    WideOps ops = new WideOps(forms);
    ops.arithmetic();
    ops.multiplies();
  }

  private interface Long2 {
    long apply(long a, long b);
  }

  private void eachWide(String opcodes, String signature, Long2 f) {
    forms.form(
        opcodes,
        signature,
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            q[d + l] = f.apply(q[a + l], q[b + l]);
          }
        });
  }

  private void arithmetic() {
    forms.form(
        "add.s64 add.u64",
        "lll",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            q[d + l] = q[a + l] + q[b + l];
          }
        });
    eachWide("sub.s64 sub.u64", "lll", (x, y) -> x - y);
    eachWide("and.b64", "lll", (x, y) -> x & y);
    forms.form(
        "or.b64",
        "lll",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            q[d + l] = q[a + l] | q[b + l];
          }
        });
    eachWide("xor.b64", "lll", (x, y) -> x ^ y);
    eachWide("not.b64", "ll", (x, y) -> ~x);
    eachWide("neg.s64", "ll", (x, y) -> -x);
    eachWide("abs.s64", "ll", (x, y) -> Math.abs(x));
    eachWide("min.s64", "lll", Math::min);
    eachWide("max.s64", "lll", Math::max);
    eachWide("min.u64", "lll", (x, y) -> Long.compareUnsigned(x, y) < 0 ? x : y);
    eachWide("max.u64", "lll", (x, y) -> Long.compareUnsigned(x, y) > 0 ? x : y);
    eachWide("div.s64", "lll", (x, y) -> y == 0 ? -1 : x / y);
    eachWide("div.u64", "lll", (x, y) -> y == 0 ? -1 : Long.divideUnsigned(x, y));
    eachWide("rem.s64", "lll", (x, y) -> y == 0 ? x : x % y);
    eachWide("rem.u64", "lll", (x, y) -> y == 0 ? x : Long.remainderUnsigned(x, y));
    eachWide("brev.b64", "ll", (x, y) -> Long.reverse(x));
    forms.form(
        "shl.b64",
        "lli",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            q[d + l] = (r[b + l] & -64) != 0 ? 0 : q[a + l] << r[b + l];
          }
        });
    shiftWide("shr.u64 shr.b64", (x, n) -> n < 0 || n > 63 ? 0 : x >>> n);
    shiftWide("shr.s64", (x, n) -> x >> (n < 0 || n > 63 ? 63 : n));
    count("popc.b64", (x, y) -> Long.bitCount(x));
    count("clz.b64", (x, y) -> Long.numberOfLeadingZeros(x));
    count("bfind.u64", (x, y) -> 63 - Long.numberOfLeadingZeros(x));
    count("bfind.shiftamt.u64", (x, y) -> x == 0 ? -1 : Long.numberOfLeadingZeros(x));
  }

  private void shiftWide(String opcodes, Long2 f) {
    forms.form(
        opcodes,
        "lli",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            q[d + l] = f.apply(q[a + l], r[b + l]);
          }
        });
  }

  private void count(String opcodes, Long2 f) {
    forms.form(
        opcodes,
        "il",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            r[d + l] = (int) f.apply(q[a + l], 0);
          }
        });
  }

  private void multiplies() {
    forms.form(
        "mul.lo.s64 mul.lo.u64",
        "lll",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            q[d + l] = q[a + l] * q[b + l];
          }
        });
    eachWide("mul.hi.s64", "lll", Math::multiplyHigh);
    eachWide("mul.hi.u64", "lll", Math::unsignedMultiplyHigh);
    forms.form(
        "mad.lo.s64 mad.lo.u64",
        "llll",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            q[d + l] = q[a + l] * q[b + l] + q[c + l];
          }
        });
    forms.form(
        "mul.wide.s32",
        "lii",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            q[d + l] = (long) r[a + l] * r[b + l];
          }
        });
    forms.form(
        "mul.wide.u32",
        "lii",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            q[d + l] = (r[a + l] & LOW) * (r[b + l] & LOW);
          }
        });
    forms.form(
        "mad.wide.s32",
        "liil",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            q[d + l] = (long) r[a + l] * r[b + l] + q[c + l];
          }
        });
    forms.form(
        "mad.wide.u32",
        "liil",
        (r, q, d, a, b, c) -> {
          for (int l = 0; l < 32; l++) {
            q[d + l] = (r[a + l] & LOW) * (r[b + l] & LOW) + q[c + l];
          }
        });
  }
}
