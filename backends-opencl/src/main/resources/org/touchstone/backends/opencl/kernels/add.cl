// y = round(a + b), strip by strip; a group takes a strip.
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void add(
    in_t a, ulong a_at, in_t b, ulong b_at, out_t y, ulong y_at,
    int a_type, int b_type, int y_type,
    ulong row_length, int strip, ulong strips,
    long8 extents, long8 a_steps, long8 b_steps, long8 y_steps) {
  ulong row = get_group_id(0) / strips;
  ulong from = get_group_id(0) % strips * strip;
  int count = (int)min((ulong)strip, row_length - from);
  a += a_at;
  b += b_at;
  y += y_at;
  ulong ai = row_start(row, extents, a_steps) + from;
  ulong bi = row_start(row, extents, b_steps) + from;
  ulong yi = row_start(row, extents, y_steps) + from;
  int i = get_local_id(0);
#ifdef VARIANT_CPU
  for (; i + 16 <= count; i += 16) {
    store16(y, y_type, yi + i, load16(a, a_type, ai + i) + load16(b, b_type, bi + i));
  }
#endif
  for (; i < count; i += GROUP) {
    store(y, y_type, yi + i, load(a, a_type, ai + i) + load(b, b_type, bi + i));
  }
}
