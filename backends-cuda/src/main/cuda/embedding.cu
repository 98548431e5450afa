// y[t] = round(scale table[ids[t]]): -1 gives zeros, every other id outside the table NaN.
#include "common/format.cuh"

KERNEL ts_embedding(const int* ids, const void* table, void* y, i64 rows, i64 hidden, i64 vocabulary, i64 step_table,
                    i64 step_y, float scale, int type_table, int type_y) {
  for (i64 i = (i64)blockIdx.x * blockDim.x + threadIdx.x; i < rows * hidden; i += (i64)gridDim.x * blockDim.x) {
    i64 row = i / hidden, k = i - row * hidden;
    i64 id = ids[row];
    float value = id == -1 ? 0.0f : QUIET_NAN;
    if (id >= 0 && id < vocabulary) value = scale * load(table, id * step_table + k, type_table);
    store(y, row * step_y + k, type_y, value);
  }
}
