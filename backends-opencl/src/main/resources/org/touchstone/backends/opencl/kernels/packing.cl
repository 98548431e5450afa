// Between a dense weight [experts, n, k] and panels of 64 columns, [experts, n / 64, k, 64]; behind
// the panels lies a byte per column, 1 when an element of E4M3FN is NaN. Groups: panels, experts.

#define PANEL 64
#define CHUNK 64

#define MOVE(TYPE)                                                             \
  for (long x0 = 0; x0 < k; x0 += CHUNK) {                                     \
    long end = min(k, x0 + CHUNK);                                             \
    for (long j = 0; j < PANEL; j++) {                                         \
      for (long x = x0; x < end; x++) {                                        \
        __global TYPE *packed = (__global TYPE *)to + (panel * k + x) * PANEL + j; \
        __global TYPE *plain = (__global TYPE *)from + (panel * PANEL + j) * k + x; \
        if (unpack && j < columns) {                                           \
          *plain = *packed;                                                    \
        } else if (!unpack) {                                                  \
          *packed = j < columns ? *plain : 0;                                  \
        }                                                                      \
      }                                                                        \
    }                                                                          \
  }

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void pack(
    out_t plain, ulong plain_at, out_t packed, ulong packed_at, int size, int unpack, long n, long k) {
  ulong panel = get_group_id(0);
  ulong expert = get_group_id(1);
  ulong panels = get_num_groups(0);
  long columns = min((long)PANEL, n - (long)panel * PANEL);
  out_t from = plain + plain_at + expert * n * k * size;
  out_t to = packed + packed_at + expert * panels * PANEL * k * size;
  if (size == 1) {
    MOVE(uchar)
    if (!unpack) {
      out_t marks =
          packed + packed_at + get_num_groups(1) * panels * PANEL * k + (expert * panels + panel) * PANEL;
      for (long j = 0; j < PANEL; j++) {
        uchar mark = 0;
        for (long x = 0; j < columns && x < k; x++) {
          mark |= (from[(panel * PANEL + j) * k + x] & 0x7F) == 0x7F;
        }
        marks[j] = mark;
      }
    }
  } else if (size == 2) {
    MOVE(ushort)
  } else {
    MOVE(uint)
  }
}
