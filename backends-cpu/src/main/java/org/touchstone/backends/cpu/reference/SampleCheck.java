package org.touchstone.backends.cpu.reference;

import java.util.Locale;
import java.util.Optional;
import java.util.function.IntPredicate;

/**
 * Verifies a drawn token. Every probability has an interval; a filter then keeps a token surely,
 * perhaps or not at all, and the cumulative probability before and behind a token has an interval
 * too, at whose ends the doubtful tokens stand where they help. A token is right when it is kept at
 * least perhaps and the variate can lie between the two.
 */
final class SampleCheck {
  private final SampleRow row;
  private final ErrorModel model;
  private final double sumError;
  private final double[] slack;
  private final double[] low;
  private final double[] high;
  private final boolean[] sure;
  private final boolean[] maybe;

  private SampleCheck(SampleRow row, ErrorModel model) {
    int n = row.logits.length;
    this.row = row;
    this.model = model;
    this.sumError = ErrorModel.MARGIN * 2 * (model.sum(n) + model.op() + model.div());
    slack = new double[n];
    low = new double[n];
    high = new double[n];
    sure = new boolean[n];
    maybe = new boolean[n];
  }

  /** Returns what is wrong with a token, if anything. */
  static Optional<String> verify(SampleRow row, double uniform, long token, ErrorModel model) {
    if (row.isEmpty()) {
      return token == -1
          ? Optional.empty()
          : Optional.of("token " + token + ", expected -1: no logit is above -Inf");
    }
    if (token < 0 || token >= row.logits.length) {
      return Optional.of("token " + token + " is outside 0.." + (row.logits.length - 1));
    }
    SampleCheck check = new SampleCheck(row, model);
    check.probabilities();
    check.topK();
    check.topP();
    check.minP();
    return check.judge((int) token, uniform);
  }

  private void probabilities() {
    double temperature = row.spec.temperature();
    for (int i = 0; i < low.length; i++) {
      double exponent = row.exponent(i);
      if (exponent == Double.NEGATIVE_INFINITY) {
        continue;
      }
      // A kernel may divide first and subtract then, or the other way round.
      double scaled =
          exponent == 0 ? 0 : (Math.abs(row.logits[i]) + Math.abs(row.max)) / temperature;
      slack[i] =
          ErrorModel.MARGIN
              * (model.div() * scaled + (model.op() + model.div()) * Math.abs(exponent));
      double function = ErrorModel.MARGIN * model.exp();
      low[i] = Math.max(0, Math.exp(exponent - slack[i]) * (1 - function) - model.underflow());
      high[i] = Math.exp(Math.min(0, exponent + slack[i])) * (1 + function) + model.underflow();
    }
  }

  /** Division by the temperature can make a logit equal to the k-th largest. */
  private void topK() {
    double kth = row.kthLargest();
    double temperature = row.spec.temperature();
    for (int i = 0; i < sure.length; i++) {
      double logit = row.logits[i];
      sure[i] = logit >= kth && logit != Double.NEGATIVE_INFINITY;
      double apart = (kth - logit) / temperature;
      double tolerance =
          ErrorModel.MARGIN * model.div() * (Math.abs(kth) + Math.abs(logit)) / temperature;
      maybe[i] = sure[i] || (logit != Double.NEGATIVE_INFINITY && apart <= tolerance);
    }
  }

  private void topP() {
    double topP = row.spec.topP();
    if (topP == 1) {
      return;
    }
    int[] order = row.order();
    int n = order.length;
    double[] sureBefore = new double[n + 1];
    double[] maybeBefore = new double[n + 1];
    for (int r = 0; r < n; r++) {
      int i = order[r];
      sureBefore[r + 1] = sureBefore[r] + (sure[i] ? low[i] : 0);
      maybeBefore[r + 1] = maybeBefore[r] + (maybe[i] ? high[i] : 0);
    }
    int first = 0;
    int behind = 0;
    int equal = 0;
    int equalEnd = 0;
    for (int r = 0; r < n; r++) {
      int i = order[r];
      if (row.logits[order[equal]] != row.logits[i]) {
        equal = r;
      }
      for (; equalEnd < n && row.logits[order[equalEnd]] >= row.logits[i]; equalEnd++) {}
      for (; first < equal && apart(order[first], i); first++) {}
      for (behind = Math.max(behind, equalEnd); behind < n && !apart(i, order[behind]); behind++) {}
      // Positions below first and equal logits of lower index surely come before; those up to
      // behind, but for equal logits of higher index and the token itself, perhaps.
      double least = sureBefore[first] + sureBefore[r] - sureBefore[equal];
      double most = maybeBefore[r] + maybeBefore[behind] - maybeBefore[equalEnd];
      double leastRest = sureBefore[n] - sureBefore[behind] + sureBefore[equalEnd] - sureBefore[r];
      double mostRest = maybeBefore[n] - maybeBefore[r] + maybeBefore[equal] - maybeBefore[first];
      sure[i] &= fraction(most, leastRest) * (1 + sumError) < topP;
      maybe[i] &= fraction(least, mostRest) * (1 - sumError) < topP;
    }
  }

  /** Whether no error can exchange two tokens of which the first has the larger logit. */
  private boolean apart(int larger, int smaller) {
    double tolerance = slack[larger] + slack[smaller] + ErrorModel.MARGIN * 2 * model.exp();
    return row.exponent(larger) - row.exponent(smaller) > tolerance;
  }

  private void minP() {
    double error = ErrorModel.MARGIN * (model.op() + model.exp() + model.div());
    double minP = row.spec.minP();
    for (int i = 0; i < sure.length; i++) {
      if (row.logits[i] != row.max) {
        sure[i] &= low[i] >= minP * (1 + error);
        maybe[i] &= high[i] >= minP * (1 - error);
      }
    }
  }

  private Optional<String> judge(int token, double uniform) {
    if (!maybe[token]) {
      return Optional.of("token " + token + " is dropped by the filters");
    }
    double leastBefore = sum(low, sure, i -> i < token);
    double mostBefore = sum(high, maybe, i -> i < token);
    double leastBehind = sum(low, sure, i -> i > token);
    double mostBehind = sum(high, maybe, i -> i > token);
    double from = fraction(leastBefore, high[token] + mostBehind) * (1 - sumError);
    double to = fraction(mostBefore + high[token], leastBehind) * (1 + sumError);
    return from <= uniform && uniform < to
        ? Optional.empty()
        : Optional.of(
            String.format(
                Locale.ROOT,
                "token %d is drawn by variates of %.9g to %.9g, not by %.9g; token %d would be right",
                token,
                from,
                to,
                uniform,
                row.draw(uniform)));
  }

  private static double sum(double[] weights, boolean[] kept, IntPredicate where) {
    double sum = 0;
    for (int i = 0; i < weights.length; i++) {
      sum += kept[i] && where.test(i) ? weights[i] : 0;
    }
    return sum;
  }

  private static double fraction(double part, double rest) {
    return part == 0 ? 0 : part / (part + rest);
  }
}
