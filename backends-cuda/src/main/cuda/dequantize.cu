// y = round(q s), the exact product rounded once.
#include "common/format.cuh"

// A product of a code and a scale has at most 28 significant bits, so FP64 holds it. FP32 rounded to odd keeps enough
// of it for BF16 to be rounded from.
DEVICE float product_for_bf16(float q, float s) {
  double exact = (double)q * (double)s;
  float cut = __double2float_rz(exact);
  bool inexact = (double)cut != exact && cut == cut;
  return inexact ? __uint_as_float(__float_as_uint(cut) | 1u) : cut;
}

KERNEL ts_dequantize(const void* q, const void* scale, void* y, i64 rows, i64 columns, i64 block_rows,
                     i64 block_columns, i64 step_q, i64 step_scale, i64 step_y, int type_q, int type_scale,
                     int type_y) {
  for (i64 i = (i64)blockIdx.x * blockDim.x + threadIdx.x; i < rows * columns; i += (i64)gridDim.x * blockDim.x) {
    i64 row = i / columns, k = i - row * columns;
    float code = load_any(q, row * step_q + k, type_q);
    float s = load_any(scale, row / block_rows * step_scale + k / block_columns, type_scale);
    store(y, row * step_y + k, type_y, type_y == F32 ? code * s : product_for_bf16(code, s));
  }
}
