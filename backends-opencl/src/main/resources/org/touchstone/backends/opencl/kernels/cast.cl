// y = round(x) from and to any floating-point type; a group takes a strip, a work-item two elements
// at a time, because two of 4 bits share a byte.
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void cast(
    in_t x, ulong x_at, out_t y, ulong y_at, int x_type, int y_type, int saturate, int nearest,
    ulong row_length, int strip, ulong strips, long8 extents, long8 x_steps, long8 y_steps) {
  ulong row = get_group_id(0) / strips;
  ulong from = get_group_id(0) % strips * strip;
  int count = (int)min((ulong)strip, row_length - from);
  x += x_at;
  y += y_at;
  ulong xi = row_start(row, extents, x_steps) + from;
  ulong yi = row_start(row, extents, y_steps) + from;
  int i = 2 * get_local_id(0);
#ifdef VARIANT_CPU
  if ((x_type == F32 || x_type == BF16) && y_type == BF16 && !saturate) {
    for (; i + 16 <= count; i += 16) {
      store16(y, y_type, yi + i, load16(x, x_type, xi + i));
    }
  }
#endif
  for (; i < count; i += 2 * GROUP) {
    int both = i + 1 < count;
    float v0 = load_any(x, x_type, xi + i);
    float v1 = both ? load_any(x, x_type, xi + i + 1) : 0;
    if (y_type == E2M1) {
      y[(yi + i) >> 1] = (uchar)(f32_to_e2m1(v0) | f32_to_e2m1(v1) << 4);
    } else {
      store_any(y, y_type, yi + i, v0, saturate, nearest);
      if (both) {
        store_any(y, y_type, yi + i + 1, v1, saturate, nearest);
      }
    }
  }
}
