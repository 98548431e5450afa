// AVX-512 with dot products of BF16, VNNI and VBMI.
#include "vector_avx512.h"
#include "transpose_avx2.h"
#include "fp32_kernels.h"

extern "C" const ts_kernels ts_kernels_avx512_bf16 = FP32_KERNELS;
