// Any processor.
#include "vector_portable.h"
#include "fp32_kernels.h"

extern "C" const ts_kernels ts_kernels_portable = FP32_KERNELS;
