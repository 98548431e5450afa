// Chooses the implementation; compiled for the weakest processor.
#include "order.h"

#if defined(__linux__)
#include <errno.h>
#include <sched.h>
#endif

extern "C" {
extern const ts_kernels ts_kernels_portable;
#if defined(__x86_64__)
extern const ts_kernels ts_kernels_avx2;
extern const ts_kernels ts_kernels_avx512;
extern const ts_kernels ts_kernels_avx512_bf16;
static const ts_kernels* const KERNELS[TS_ISAS] = {&ts_kernels_portable, &ts_kernels_avx2, &ts_kernels_avx512, &ts_kernels_avx512_bf16};
#else
static const ts_kernels* const KERNELS[TS_ISAS] = {&ts_kernels_portable, 0, 0, 0};
#endif

int ts_supported(int isa) {
  switch (isa) {
    case TS_PORTABLE: return 1;
#if defined(__x86_64__)
    // The compiler's run-time library also asks the operating system whether it saves the registers.
    case TS_AVX2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    case TS_AVX512:
      return ts_supported(TS_AVX2) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    case TS_AVX512_BF16:
      return ts_supported(TS_AVX512) && __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vbmi") &&
             __builtin_cpu_supports("avx512vnni");
#endif
    default: return 0;
  }
}

int ts_pin(int number) {
#if defined(__linux__)
  cpu_set_t allowed, one;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return errno;
  int skip = number % CPU_COUNT(&allowed), processor = 0;
  while (!CPU_ISSET(processor, &allowed) || skip-- > 0) processor++;
  CPU_ZERO(&one);
  CPU_SET(processor, &one);
  return sched_setaffinity(0, sizeof one, &one) == 0 ? 0 : errno;
#else
  (void)number;
  return -1;
#endif
}

void ts_product(int isa, int64_t args) { KERNELS[isa]->product((const ts_product_args*)args); }

void ts_pack(int isa, int64_t src, int64_t n, int64_t k, int type, int64_t dst) {
  const int64_t bytes = element_bytes(type), size = TS_PANEL * TS_BLOCK * bytes;
  uint8_t* to = (uint8_t*)dst;
  for (int64_t j = 0; j < n; j += TS_PANEL)
    for (int64_t b = 0; b < k; b += TS_BLOCK, to += size)
      KERNELS[isa]->pack_block((const uint8_t*)src + (j * k + b) * bytes, k * bytes, least(n - j, TS_PANEL),
                               least(k - b, TS_BLOCK), type, to);
}

void ts_unpack(int64_t src, int64_t n, int64_t k, int type, int64_t dst) {
  const int64_t bytes = element_bytes(type), size = TS_PANEL * TS_BLOCK * bytes;
  const uint8_t* from = (const uint8_t*)src;
  for (int64_t j = 0; j < n; j += TS_PANEL)
    for (int64_t b = 0; b < k; b += TS_BLOCK, from += size)
      for (int64_t r = j; r < n && r < j + TS_PANEL; r++)
        for (int64_t c = b; c < k && c < b + TS_BLOCK; c++)
          __builtin_memcpy((uint8_t*)dst + (r * k + c) * bytes, from + packed_offset(type, (int)(r - j), (int)(c - b)), bytes);
}

void ts_attention_keys(int isa, int64_t src, int64_t pitch, int type, int count, int elements, int at, int64_t keys) {
  KERNELS[isa]->attention_keys((const uint8_t*)src, pitch, type, count, elements, at, (float*)keys);
}

void ts_attention_rows(int isa, int64_t src, int64_t pitch, int type, int count, int elements, int width, int64_t to,
                       int to_pitch) {
  KERNELS[isa]->attention_rows((const uint8_t*)src, pitch, type, count, elements, width, (float*)to, to_pitch);
}

void ts_attention_block(int isa, int64_t args) { KERNELS[isa]->attention_block((ts_attention_args*)args); }

void ts_attention_cached(int isa, int64_t args) { KERNELS[isa]->attention_cached((ts_attention_args*)args); }

void ts_attention_merge(int isa, int64_t args, int row, int64_t partials, int count, int value_dim) {
  KERNELS[isa]->attention_merge((ts_attention_args*)args, row, (const float*)partials, count, value_dim);
}

void ts_attention_scale(int isa, int64_t row, int width, float factor) { KERNELS[isa]->attention_scale((float*)row, width, factor); }

void ts_attention_output(int isa, int64_t acc, float divisor, int count, int type, int64_t to) {
  KERNELS[isa]->attention_output((const float*)acc, divisor, count, type, (uint8_t*)to);
}

void ts_row_load(int isa, int64_t src, int type, float* to, int at, int n) {
  KERNELS[isa]->row_load((const uint8_t*)src, type, to + at, n);
}

void ts_row_store(int isa, const float* x, int at, int type, int64_t to, int n) {
  KERNELS[isa]->row_store(x + at, type, (uint8_t*)to, n);
}

void ts_row_exp(int isa, float* x, int n, float shift) {
  KERNELS[isa]->row_exp(x, n, shift);
}

float ts_row_square_sum(int isa, const float* x, int n) {
  return KERNELS[isa]->row_square_sum(x, n);
}

void ts_row_normalise(int isa, float* x, int n, float r, const float* w, int kind) {
  KERNELS[isa]->row_normalise(x, n, r, w, kind);
}

void ts_row_gate(int isa, float* x, const float* z, int n, int round) {
  KERNELS[isa]->row_gate(x, z, n, round);
}

void ts_row_add(int isa, float* x, const float* y, int n, int round) {
  KERNELS[isa]->row_add(x, y, n, round);
}

void ts_row_add_scaled(int isa, float* sum, const float* row, float weight, int n) {
  KERNELS[isa]->row_add_scaled(sum, row, weight, n);
}

void ts_row_round(int isa, float* x, int n) {
  KERNELS[isa]->row_round(x, n);
}

void ts_row_gated_act(int isa, float* g, const float* u, int n, int kind, float limit) {
  KERNELS[isa]->row_gated_act(g, u, n, kind, limit);
}

float ts_row_amax(int isa, const float* x, int n) {
  return KERNELS[isa]->row_amax(x, n);
}

void ts_row_quantise(int isa, const float* x, int n, float scale, float most, int64_t to) {
  KERNELS[isa]->row_quantise(x, n, scale, most, (uint8_t*)to);
}

void ts_accumulate(int isa, int64_t a, int a_type, int64_t a_pitch, int m, int64_t w, int type, int64_t w_pitch, int n, int k, int64_t c,
                   int64_t c_pitch) {
  KERNELS[isa]->accumulate((const uint8_t*)a, a_type, a_pitch, m, (const uint8_t*)w, type, w_pitch, n, k, (float*)c, c_pitch);
}

void ts_dot_rows(int isa, int64_t a, int64_t a_pitch, int m, int64_t w, int type, int64_t w_pitch, int n, int k, int64_t out,
                 int out_pitch) {
  KERNELS[isa]->dot_rows((const float*)a, a_pitch, m, (const uint8_t*)w, type, w_pitch, n, k, (float*)out, out_pitch);
}

void ts_row_quantise_groups(int isa, int64_t src, int type, int64_t n, int group, float floor, float most, int64_t to, int64_t scales) {
  KERNELS[isa]->row_quantise_groups((const uint8_t*)src, type, n, group, floor, most, (uint8_t*)to, (float*)scales);
}

void ts_row_rotate(int isa, int64_t x, int64_t x_pitch, int64_t y, int64_t y_pitch, int type, int heads, int pairs, int64_t distance,
                   const float* cos, const float* sin) {
  KERNELS[isa]->row_rotate((const uint8_t*)x, x_pitch, (uint8_t*)y, y_pitch, type, heads, pairs, distance, cos, sin);
}

void ts_row_softmax(int isa, float* x, int n) { KERNELS[isa]->row_softmax(x, n); }

void ts_row_sigmoid(int isa, float* x, int n) { KERNELS[isa]->row_sigmoid(x, n); }

void ts_row_top(int isa, const float* x, int n, int k, int32_t* top) { KERNELS[isa]->row_top(x, n, k, top); }

int64_t ts_bf16_dots(int isa, int64_t steps) { return KERNELS[isa]->bf16_dots ? KERNELS[isa]->bf16_dots(steps) : 0; }
}
