package org.touchstone.tools.experiment;

import org.touchstone.api.Accumulator;
import org.touchstone.api.Chain;
import org.touchstone.api.KernelTraits;
import org.touchstone.api.format.FloatFormat;
import org.touchstone.api.format.Saturation;

/** Orders and formats in which correct kernels, and wrong ones, add up a row and a column. */
@SuppressWarnings("ImmutableEnumChecker") // traits are records of numbers and enums
enum Sums {
  /** FP32, from the first term to the last. */
  SEQUENTIAL(KernelTraits.PLAIN_F32.with(Chain.blocked(1, 128, 0))) {
    @Override
    double block(double[] p) {
      float sum = 0;
      for (double x : p) {
        sum += (float) x;
      }
      return sum;
    }
  },
  /** FP32, from the last term to the first. */
  REVERSED(KernelTraits.PLAIN_F32.with(Chain.blocked(1, 128, 0))) {
    @Override
    double block(double[] p) {
      float sum = 0;
      for (int i = p.length - 1; i >= 0; i--) {
        sum += (float) p[i];
      }
      return sum;
    }
  },
  /** FP32, eight partial sums, as vectors have. */
  LANES(KernelTraits.PLAIN_F32.with(Chain.blocked(8, 128, 3))) {
    @Override
    double block(double[] p) {
      float[] lanes = new float[8];
      for (int i = 0; i < p.length; i++) {
        lanes[i % 8] += (float) p[i];
      }
      return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6]))
          + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
    }
  },
  /** FP32, pairs of pairs. */
  PAIRWISE(KernelTraits.PLAIN_F32.with(Chain.blocked(128, 128, 7))) {
    @Override
    double block(double[] p) {
      float[] sums = new float[p.length];
      for (int i = 0; i < sums.length; i++) {
        sums[i] = (float) p[i];
      }
      for (int left = sums.length; left > 1; left = left / 2 + left % 2) {
        for (int i = 0; i < left / 2; i++) {
          sums[i] = sums[i] + sums[left - 1 - i];
        }
      }
      return sums[0];
    }
  },
  /** 14 bits that truncate, 32 terms at a time, promoted into FP32 every 128 terms. */
  PROMOTED(
      KernelTraits.PLAIN_F32
          .with(Accumulator.F32_PROMOTED_EVERY_128)
          .with(Chain.blocked(32, 128, 0))) {
    @Override
    double block(double[] p) {
      return reduced(p, 0);
    }
  },
  /** The same, promoted every 256 terms only. */
  PROMOTED_LATE(PROMOTED.traits) {
    @Override
    double sum(Operands x, int row, int column) {
      return promoted(x, row, column, 2);
    }
  },
  /** The same, never promoted, though it is declared. */
  NEVER_PROMOTED(PROMOTED.traits) {
    @Override
    double sum(Operands x, int row, int column) {
      return promoted(x, row, column, x.blocks());
    }
  },
  /** Every partial sum rounded to BF16, declared as FP32. */
  BF16(SEQUENTIAL.traits) {
    @Override
    double block(double[] p) {
      double sum = 0;
      for (double x : p) {
        sum = FloatFormat.BF16.roundTo(sum + x, Saturation.NONSAT);
      }
      return sum;
    }
  };

  private static final int STEP = 32;
  private static final int FRACTION_BITS = 13;

  final KernelTraits traits;

  Sums(KernelTraits traits) {
    this.traits = traits;
  }

  /** Adds up the products of one block. */
  double block(double[] products) {
    throw new IllegalStateException("no sum of " + products.length + " products");
  }

  /** Adds up one element: blocks with their scales, in FP32. */
  double sum(Operands x, int row, int column) {
    float sum = 0;
    double[] p = new double[Operands.BLOCK];
    for (int block = 0; block < x.blocks(); block++) {
      x.products(row, column, block, p);
      sum += (float) block(p) * (float) x.scale(row, column, block);
    }
    return sum;
  }

  /** Adds up one element in 14 bits, promoted into FP32 every few blocks. */
  private static double promoted(Operands x, int row, int column, int blocks) {
    float sum = 0;
    double part = 0;
    double[] p = new double[Operands.BLOCK];
    for (int block = 0; block < x.blocks(); block++) {
      x.products(row, column, block, p);
      double scale = x.scale(row, column, block);
      for (int i = 0; i < p.length; i++) {
        p[i] *= scale;
      }
      part = reduced(p, part);
      if ((block + 1) % blocks == 0 || block + 1 == x.blocks()) {
        sum += (float) part;
        part = 0;
      }
    }
    return sum;
  }

  /** Computes all elements before the output rounding. */
  double[] all(Operands x) {
    double[] values = new double[x.m * x.n];
    for (int i = 0; i < values.length; i++) {
      values[i] = sum(x, i / x.n, i % x.n);
    }
    return values;
  }

  /** Aligns every term of a step to the largest one and cuts off what lies 13 bits below. */
  private static double reduced(double[] p, double start) {
    double sum = start;
    for (int from = 0; from < p.length; from += STEP) {
      double largest = Math.abs(sum);
      for (int i = from; i < from + STEP; i++) {
        largest = Math.max(largest, Math.abs(p[i]));
      }
      if (largest == 0) {
        continue;
      }
      double quantum = Math.scalb(1.0, Math.getExponent(largest) - FRACTION_BITS);
      double units = cut(sum / quantum);
      for (int i = from; i < from + STEP; i++) {
        units += cut(p[i] / quantum);
      }
      sum = units * quantum;
    }
    return sum;
  }

  private static double cut(double value) {
    return value < 0 ? Math.ceil(value) : Math.floor(value);
  }
}
