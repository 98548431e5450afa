// y = round(q * s): the exact product, rounded once; a group takes a strip of a row.

// Rounds a product to FP32 so that a later rounding to fewer bits is the only one: to the neighbour
// with an odd last bit unless it is exact.
static inline float product_to_odd(float c, float s) {
  float p = c * s;
  float rest = fma(c, s, -p);
  uint bits = as_uint(p);
  if (rest != 0 && (bits & 1) == 0 && !is_inf(p)) {
    bits += (rest > 0) == (p > 0) ? 1 : -1;
  }
  return as_float(bits);
}

static inline uint product_to_bf16(float c, float s) {
  float p = c * s;
  if (fabs(p) >= 0x1p-100f || p == 0 && (c == 0 || s == 0) || is_nan(p)) {
    return f32_to_bf16(product_to_odd(c, s));
  }
  // The rest of a product this small would underflow: work 2^100 higher.
  float high = product_to_odd(c, s * 0x1p100f);
  if (fabs(high) >= 0x1p-26f) {
    return f32_to_bf16(high * 0x1p-100f);
  }
  // A subnormal result counts units of 2^-133.
  return (as_uint(high) >> 16 & 0x8000) | (uint)rint(fabs(high) * 0x1p33f);
}

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void dequantize(
    in_t q, ulong q_at, ulong q_step, in_t scale, ulong scale_at, ulong scale_step,
    out_t y, ulong y_at, ulong y_step, int q_type, int scale_type, int y_type,
    ulong columns, ulong block_rows, ulong block_columns, int strip) {
  ulong row = get_group_id(1);
  ulong from = get_group_id(0) * (ulong)strip;
  ulong end = min(columns, from + strip);
  q += q_at;
  scale += scale_at;
  y += y_at;
  ulong scale_row = row / block_rows * scale_step;
  ulong k = from;
  while (k < end) {
    ulong block = k / block_columns;
    float s = load_any(scale, scale_type, scale_row + block);
    int count = (int)(min(end, (block + 1) * block_columns) - k);
    int i = get_local_id(0);
#ifdef VARIANT_CPU
    if (q_type == E4M3FN && y_type == F32) {
      for (; i + 16 <= count; i += 16) {
        float16 code = e4m3fn_to_f32_16(vload16(0, q + row * q_step + k + i));
        vstore16(code * s, 0, (__global float *)y + row * y_step + k + i);
      }
    }
#endif
    for (; i < count; i += GROUP) {
      float code = load_any(q, q_type, row * q_step + k + i);
      ulong at = row * y_step + k + i;
      if (y_type == F32) {
        ((__global float *)y)[at] = code * s;
      } else {
        ((__global ushort *)y)[at] = (ushort)product_to_bf16(code, s);
      }
    }
    k += count;
  }
}
