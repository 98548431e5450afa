// Quantises blocks of a matrix to E4M3FN: a = max(floor, max|x|), s = a / 448 (for powers of two
// rounded up on its bits), q = saturate(x / s). A group takes a block of block_rows x block_columns;
// groups of a row are blocks of one row. Source of the formula: DeepSeek-V3 inference/kernel.py.

// 2^ceil(log2 s) with the exponent field clamped to 1..254.
static inline float power_of_two_above(float s) {
  uint field = (as_uint(s) + 0x7FFFFFu) >> 23;
  return as_float(clamp(field, 1u, 254u) << 23);
}

static inline void put_codes(out_t q, ulong i, int left, lanes x, float s) {
  lanes scaled = divide_lanes(x, (lanes)(s));
#ifdef VARIANT_CPU
  uchar16 codes = f32_to_e4m3fn_16(scaled);
  if (left >= 16) {
    vstore16(codes, 0, q + i);
    return;
  }
  uchar part[16];
  vstore16(codes, 0, part);
  for (int j = 0; j < left; j++) {
    q[i + j] = part[j];
  }
#else
  q[i] = (uchar)f32_to_fp8(E4M3FN, scaled, 1);
#endif
}

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void quantize(
    in_t x, ulong x_at, ulong x_step, out_t q, ulong q_at, ulong q_step,
    out_t scale, ulong scale_at, ulong scale_step, int x_type, int power_of_two, int e8m0,
    float amax_floor, ulong rows, ulong columns, ulong block_rows, ulong block_columns) {
  REDUCTION_MEMORY;
  x += x_at;
  q += q_at;
  scale += scale_at;
  ulong block_row = get_group_id(1);
  ulong block_column = get_group_id(0);
  ulong first_row = block_row * block_rows;
  ulong last_row = min(rows, first_row + block_rows);
  ulong from = block_column * block_columns;
  int count = (int)min(block_columns, columns - from);

  // On bits, where every NaN is larger than infinity.
  ulanes most = 0;
  for (ulong row = first_row; row < last_row; row++) {
    for (int i = FIRST; i < count; i += STEP) {
      ulanes bits = as_ulanes(load_lanes(x, x_type, row * x_step + from + i, count - i));
      most = max(most, bits & 0x7FFFFFFFu);
    }
  }
  uint amax = max(group_max_bits(most, REDUCTION), as_uint(amax_floor));
  int finite = amax < INF_BITS;
  float s = divide(as_float(amax), 448.0f);
  s = finite && power_of_two ? power_of_two_above(s) : s;
  if (get_local_id(0) == 0) {
    ulong at = block_row * scale_step + block_column;
    if (e8m0) {
      scale[at] = finite ? (uchar)(as_uint(s) >> 23) : 0xFF;
    } else {
      ((__global float *)scale)[at] = amax > INF_BITS ? quiet_nan() : s;
    }
  }
  for (ulong row = first_row; row < last_row; row++) {
    for (int i = FIRST; i < count; i += STEP) {
      lanes v = load_lanes(x, x_type, row * x_step + from + i, count - i);
      if (e8m0 && !finite) {
        // The scale carries the NaN.
        v = 0;
        s = 1;
      }
      put_codes(q, row * q_step + from + i, count - i, v, s);
    }
  }
}
