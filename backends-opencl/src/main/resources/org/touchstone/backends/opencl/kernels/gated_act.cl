// a = activation(g) * u of a fused projection; a group takes a strip of a token.

#include "activation.cl"

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void gated_act(
    in_t h, ulong h_at, ulong h_step, out_t a, ulong a_at, ulong a_step, int h_type, int a_type,
    int kind, float limit, int interleaved, ulong intermediate, int strip) {
  ulong token = get_group_id(1);
  ulong from = get_group_id(0) * (ulong)strip;
  int count = (int)min((ulong)strip, intermediate - from);
  h += h_at;
  a += a_at;
  ulong row = token * h_step;
  for (int i = FIRST; i < count; i += STEP) {
    int left = count - i;
    lanes g;
    lanes u;
    if (interleaved) {
      load_pairs(h, h_type, row + 2 * (from + i), left, &g, &u);
    } else {
      g = load_lanes(h, h_type, row + from + i, left);
      u = load_lanes(h, h_type, row + intermediate + from + i, left);
    }
    store_lanes(a, a_type, token * a_step + from + i, left, activated(kind, limit, g, u));
  }
}
