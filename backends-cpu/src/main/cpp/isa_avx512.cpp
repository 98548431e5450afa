// AVX-512 without dot products of narrow types.
#include "vector_avx512.h"
#include "transpose_avx2.h"
#include "fp32_kernels.h"

extern "C" const ts_kernels ts_kernels_avx512 = FP32_KERNELS;
