// AVX-512 with dot products of BF16, VNNI and VBMI.
#include "vector_avx512.h"
#include "transpose_avx2.h"
#include "fp32_kernels.h"
#include "product_bf16.h"
#include "attention_cached_bf16.h"

static void product_of_pairs(const ts_product_args* args) {
  if (args->row_type != args->weight_type || args->weight_type == TS_F32) {
    product(args);
  } else if (args->weight_type == TS_BF16) {
    product_of<PairPath<TS_BF16>>(args);
  } else {
    product_of<PairPath<TS_E4M3>>(args);
  }
}

static void attention_of_pairs(ts_attention_args* args) {
  if (args->heads > 0) {
    attention_paired(args);
  } else {
    attention_cached(args);
  }
}

// Sixteen chains hide the latency of six cycles at two products per cycle.
static int64_t bf16_dots(int64_t steps) {
  enum { CHAINS = 16 };
  const __m512bh x = (__m512bh)_mm512_set1_epi16(0x3F80), y = (__m512bh)_mm512_set1_epi16(0x3080);
  __m512 sums[CHAINS];
  for (int i = 0; i < CHAINS; i++) sums[i] = _mm512_set1_ps((float)i);
  for (int64_t s = 0; s < steps; s++)
    for (int i = 0; i < CHAINS; i++) sums[i] = _mm512_dpbf16_ps(sums[i], x, y);
  for (int i = 1; i < CHAINS; i++) sums[0] = _mm512_add_ps(sums[0], sums[i]);
  volatile float kept = _mm512_cvtss_f32(sums[0]);
  (void)kept;
  // 16 lanes of two multiply-adds.
  return steps * CHAINS * 16 * 4;
}

extern "C" const ts_kernels ts_kernels_avx512_bf16 = FP32_KERNELS_EXCEPT(product_of_pairs, attention_of_pairs, bf16_dots);
