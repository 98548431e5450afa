// The table of an instruction set that computes in FP32.
#pragma once
#include "product.h"
#include "elementary.h"
#include "attention.h"
#include "attention_cached.h"
#include "accumulate.h"
#include "rowwise.h"
#include "rope.h"
#include "route.h"

static void product(const ts_product_args* args) {
  switch (args->weight_type) {
    case TS_F32: product_of<Fp32Path<TS_F32>>(args); break;
    case TS_BF16: product_of<Fp32Path<TS_BF16>>(args); break;
    default: product_of<Fp32Path<TS_E4M3>>(args);
  }
}

#define FP32_KERNELS FP32_KERNELS_EXCEPT(product, attention_cached, 0)

// With another product, another attention over a cache, and dot products of BF16.
#define FP32_KERNELS_EXCEPT(PRODUCT, CACHED, DOTS) \
  {PRODUCT, pack_block, attention_keys, attention_rows, attention_block, CACHED, attention_merge, scale_row, \
   attention_output, accumulate, dot_rows, row_load, row_store, row_exp, row_square_sum, row_normalise, row_gate, row_add, \
   row_add_scaled, row_round, row_gated_act, row_amax, \
   row_quantise_groups, row_quantise, row_rotate, row_softmax, row_sigmoid, row_top, DOTS}
