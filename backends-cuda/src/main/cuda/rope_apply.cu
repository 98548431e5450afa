// A thread rotates one pair, or copies one element outside the rotated part.
#include "common/format.cuh"

KERNEL ts_rope_apply(const void* x, const float* cos, const float* sin, void* y, i64 rows, i64 heads, i64 head_dim,
                     i64 rotary_dim, i64 offset, i64 token_x, i64 head_x, i64 step_cos, i64 step_sin, i64 token_y,
                     i64 head_y, int gptj, int inverse, int type) {
  i64 pairs = rotary_dim / 2;
  i64 tasks = pairs + head_dim - rotary_dim;
  for (i64 i = (i64)blockIdx.x * blockDim.x + threadIdx.x; i < rows * heads * tasks; i += (i64)gridDim.x * blockDim.x) {
    i64 at = i / tasks, task = i - at * tasks;
    i64 row = at / heads, head = at - row * heads;
    i64 from = row * token_x + head * head_x, to = row * token_y + head * head_y;
    if (task >= pairs) {
      i64 d = task - pairs;
      d += d >= offset ? rotary_dim : 0;
      store(y, to + d, type, load(x, from + d, type));
      continue;
    }
    i64 first = offset + (gptj ? 2 * task : task), second = gptj ? first + 1 : first + pairs;
    float a = load(x, from + first, type), b = load(x, from + second, type);
    float c = cos[row * step_cos + task], s = sin[row * step_sin + task];
    s = inverse ? -s : s;
    store(y, to + first, type, a * c - b * s);
    store(y, to + second, type, b * c + a * s);
  }
}
