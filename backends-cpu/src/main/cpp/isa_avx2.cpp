// AVX2 with FMA and F16C.
#include "vector_avx2.h"
#include "transpose_avx2.h"
#include "fp32_kernels.h"

extern "C" const ts_kernels ts_kernels_avx2 = FP32_KERNELS;
