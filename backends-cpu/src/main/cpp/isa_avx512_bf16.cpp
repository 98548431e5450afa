// AVX-512 with dot products of BF16, VNNI and VBMI.
#include "vector_avx512.h"
#include "transpose_avx2.h"
#include "fp32_kernels.h"
#include "product_bf16.h"

static void product_of_pairs(const ts_product_args* args) {
  if (args->row_type != args->weight_type || args->weight_type == TS_F32) {
    product(args);
  } else if (args->weight_type == TS_BF16) {
    product_of<PairPath<TS_BF16>>(args);
  } else {
    product_of<PairPath<TS_E4M3>>(args);
  }
}

extern "C" const ts_kernels ts_kernels_avx512_bf16 = FP32_KERNELS_EXCEPT(product_of_pairs);
