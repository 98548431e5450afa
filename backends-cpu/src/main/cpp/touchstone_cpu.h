// The C interface of the micro-kernels. Plain numbers and addresses only; the caller has checked every range.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Element types, numbered as the Java side numbers them.
enum { TS_F32 = 0, TS_BF16 = 1, TS_F16 = 2, TS_E4M3 = 3 };

// Instruction sets, weakest first.
enum { TS_PORTABLE = 0, TS_AVX2 = 1, TS_AVX512 = 2, TS_AVX512_BF16 = 3, TS_ISAS = 4 };

// Columns of a panel of packed weights, elements along K of a block, bytes of scratch that a product needs.
enum { TS_PANEL = 64, TS_BLOCK = 128, TS_SCRATCH = 640 * 1024 };

// Rows times weights: out[i * stride + j] = sum over blocks b of scale(i, b) * scale(j, b) * sum over k in b of a[i][k] w[j][k].
typedef struct {
  int64_t rows;            // int64_t[m]: addresses of the first elements of the rows
  int64_t row_scales;      // int64_t[m]: addresses of the rows' scales, one FP32 per block; 0 without
  int64_t weight;          // plain: the first row; packed: the first panel
  int64_t weight_pitch;    // plain: bytes from row to row; packed: 0
  int64_t weight_scales;   // FP32 per 128 columns and block, from the first column's on; 0 without
  int64_t scale_pitch;     // scales from one 128 columns to the next
  int64_t k;               // terms of a dot product, at least 1
  int64_t scratch;         // TS_SCRATCH bytes, aligned to 64
  int64_t out;             // FP32, aligned to 64
  int32_t m;               // rows, 1 to 96
  int32_t n;               // columns, at least 1; the first is a multiple of 64
  int32_t stride;          // a multiple of 64 that is not less than n
  int32_t row_type;
  int32_t weight_type;     // F32, BF16 or E4M3
} ts_product_args;

// One implementation of all kernels.
typedef struct {
  void (*product)(const ts_product_args*);
  void (*pack_block)(const uint8_t* src, int64_t pitch, int rows, int columns, int type, uint8_t* dst);
} ts_kernels;

// Returns whether this processor and operating system run an instruction set that this library holds.
int ts_supported(int isa);

// Multiplies; see ts_product_args.
void ts_product(int isa, int64_t args);

// Packs a dense weight [n, k] into panels: 64 rows by 128 elements are a block, blocks of a panel follow each other.
void ts_pack(int isa, int64_t src, int64_t n, int64_t k, int type, int64_t dst);
// The inverse of ts_pack.
void ts_unpack(int64_t src, int64_t n, int64_t k, int type, int64_t dst);

#ifdef __cplusplus
}
#endif
