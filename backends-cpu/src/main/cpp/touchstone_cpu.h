// The C interface of the micro-kernels. Plain numbers and addresses only; the caller has checked every range.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Element types, numbered as the Java side numbers them.
enum { TS_F32 = 0, TS_BF16 = 1, TS_F16 = 2, TS_E4M3 = 3 };

// Kinds of weights of a normalisation, and of gated activations.
enum { TS_NORM_PLAIN = 0, TS_NORM_WEIGHT = 1, TS_NORM_ONE_PLUS = 2, TS_NORM_CAST = 3 };
enum { TS_SWIGLU = 0, TS_SWIGLU_OAI = 1, TS_GEGLU = 2 };

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
  int32_t first;           // the first column's number among the 128 that share a scale: 0 or 64
} ts_product_args;

// A tile of attention; see attention.h.
typedef struct {
  int64_t queries;      // FP32 [rows][query_width]
  int64_t keys;         // FP32 [depth][64], transposed
  int64_t values;       // FP32 [64][value_pitch]
  int64_t scores;       // FP32 [rows][64], scratch
  int64_t outputs;      // FP32 [rows][value_width], not normalised
  int64_t largest;      // FP32 [rows]: largest score, -Inf for none
  int64_t sums;         // FP32 [rows]: sum of weights
  int64_t first;        // I32 [rows]: first key that a row sees
  int64_t end;          // I32 [rows]: end of the keys that a row sees
  int32_t rows;         // 1 to 64
  int32_t depth;
  int32_t query_width;
  int32_t value_width;  // a multiple of 32
  int32_t block;        // number of the key in column 0
  int32_t at;           // first column that holds a key
  int32_t stop;         // end of these columns; attention_cached counts on beyond the block
  int32_t value_pitch;  // floats from value to value, not a power of two: they would share a few sets of a cache
  float scale;
  float softcap;        // 0 for none
  int64_t runs;         // attention_cached: I64 [][5], see CachedRuns
  int32_t type;         // attention_cached: of keys and values, F32 or BF16
  int32_t heads;        // attention_cached: key heads of as many rows each, whose products may be of BF16; 0 for one in FP32
  int64_t key_step;     // bytes from a key to that of the next head
  int64_t value_step;
} ts_attention_args;

// One implementation of all kernels.
typedef struct {
  void (*product)(const ts_product_args*);
  void (*pack_block)(const uint8_t* src, int64_t pitch, int rows, int columns, int type, uint8_t* dst);
  void (*attention_keys)(const uint8_t* src, int64_t pitch, int type, int count, int elements, int at, float* keys);
  void (*attention_rows)(const uint8_t* src, int64_t pitch, int type, int count, int elements, int width, float* to, int to_pitch);
  void (*attention_block)(ts_attention_args*);
  void (*attention_cached)(ts_attention_args*);
  void (*attention_merge)(ts_attention_args*, int row, const float* partials, int count, int value_dim);
  void (*attention_scale)(float* row, int width, float factor);
  void (*attention_output)(const float* acc, float divisor, int count, int type, uint8_t* to);
  void (*accumulate)(const uint8_t* a, int a_type, int64_t a_pitch, int m, const uint8_t* w, int type, int64_t w_pitch, int n, int k,
                     float* c, int64_t c_pitch);
  void (*dot_rows)(const float* a, int64_t a_pitch, int m, const uint8_t* w, int type, int64_t w_pitch, int n, int k, float* out,
                   int out_pitch);
  void (*row_load)(const uint8_t* src, int type, float* to, int n);
  void (*row_store)(const float* x, int type, uint8_t* to, int n);
  void (*row_exp)(float* x, int n, float shift);
  float (*row_square_sum)(const float* x, int n);
  void (*row_normalise)(float* x, int n, float r, const float* w, int kind);
  void (*row_gate)(float* x, const float* z, int n, int round);
  void (*row_add)(float* x, const float* y, int n, int round);
  void (*row_add_scaled)(float* sum, const float* row, float weight, int n);
  void (*row_round)(float* x, int n);
  void (*row_gated_act)(float* g, const float* u, int n, int kind, float limit);
  float (*row_amax)(const float* x, int n);
  void (*row_quantise_groups)(const uint8_t* src, int type, int64_t n, int group, float floor, float most, uint8_t* to, float* scales);
  void (*row_quantise)(const float* x, int n, float scale, float most, uint8_t* to);
  void (*row_rotate)(const uint8_t* x, int64_t x_pitch, uint8_t* y, int64_t y_pitch, int type, int heads, int pairs, int64_t distance,
                     const float* cos, const float* sin);
  void (*row_softmax)(float* x, int n);
  void (*row_sigmoid)(float* x, int n);
  void (*row_top)(const float* x, int n, int k, int32_t* top);
  int64_t (*bf16_dots)(int64_t steps);  // 0 without dot products of BF16
} ts_kernels;

// Returns whether this processor and operating system run an instruction set that this library holds.
int ts_supported(int isa);

// Ties the calling thread to one of the processors that it may use, taken in turn: 0, an errno, or -1 where there is no way to.
int ts_pin(int number);

// Multiplies; see ts_product_args.
void ts_product(int isa, int64_t args);

// Packs a dense weight [n, k] into panels: 64 rows by 128 elements are a block, blocks of a panel follow each other.
void ts_pack(int isa, int64_t src, int64_t n, int64_t k, int type, int64_t dst);
// The inverse of ts_pack.
void ts_unpack(int64_t src, int64_t n, int64_t k, int type, int64_t dst);

// Brings keys, a pitch of bytes apart, into columns of a transposed block; up to the next multiple of 16 columns may be written.
void ts_attention_keys(int isa, int64_t src, int64_t pitch, int type, int count, int elements, int at, int64_t keys);
// Widens rows, a pitch of bytes apart, to FP32 rows of a width with zeros at their ends, to_pitch floats apart.
void ts_attention_rows(int isa, int64_t src, int64_t pitch, int type, int count, int elements, int width, int64_t to,
                       int to_pitch);
// Attends over a block of keys; see ts_attention_args.
void ts_attention_block(int isa, int64_t args);
// Attends over the rows of a cache where they lie; depth and value width are multiples of 32, keys has room for queries.
void ts_attention_cached(int isa, int64_t args);
// Merges partial results into a row of a tile.
void ts_attention_merge(int isa, int64_t args, int row, int64_t partials, int count, int value_dim);
// Multiplies a row, whose width is a multiple of 32.
void ts_attention_scale(int isa, int64_t row, int width, float factor);
// Divides a row by a number and writes it as F32 or BF16.
void ts_attention_output(int isa, int64_t acc, float divisor, int count, int type, int64_t to);

// c[m][n] = sum over k of a[m][k] w[k][n] for at most 64 rows; pitches are in bytes.
void ts_accumulate(int isa, int64_t a, int a_type, int64_t a_pitch, int m, int64_t w, int type, int64_t w_pitch, int n, int k, int64_t c,
                   int64_t c_pitch);

// out[i][j] = sum over k of a[i][k] w[j][k] for FP32 rows and F32 or BF16 weights; k is a multiple of 32 up to 512. The weights'
// pitch is in bytes, the others in elements.
void ts_dot_rows(int isa, int64_t a, int64_t a_pitch, int m, int64_t w, int type, int64_t w_pitch, int n, int k, int64_t out,
                 int out_pitch);

// Functions of rows; FP32 rows are arrays of the caller, narrow ones addresses.

// Reads elements as FP32, to element at of an array on.
void ts_row_load(int isa, int64_t src, int type, float* to, int at, int n);
// Writes elements from element at on as F32 or BF16, rounded to nearest even.
void ts_row_store(int isa, const float* x, int at, int type, int64_t to, int n);
// Replaces x by e^(x - shift).
void ts_row_exp(int isa, float* x, int n, float shift);
// Returns the sum of squares, added up in 32 partial sums.
float ts_row_square_sum(int isa, const float* x, int n);
// Multiplies by r and by weights of a kind.
void ts_row_normalise(int isa, float* x, int n, float r, const float* w, int kind);
// Multiplies by silu(z), after rounding to BF16 or not.
void ts_row_gate(int isa, float* x, const float* z, int n, int round);
// Adds, and rounds to BF16 or not.
void ts_row_add(int isa, float* x, const float* y, int n, int round);
// Adds a multiple of a row.
void ts_row_add_scaled(int isa, float* sum, const float* row, float weight, int n);
// Rounds to BF16.
void ts_row_round(int isa, float* x, int n);
// Replaces gates by the activation of gates and ups; a limit of 0 is none.
void ts_row_gated_act(int isa, float* g, const float* u, int n, int kind, float limit);
// Returns the largest magnitude; NaN when there is one.
float ts_row_amax(int isa, const float* x, int n);
// Writes the E4M3 codes of x / scale, clamped to a magnitude.
void ts_row_quantise(int isa, const float* x, int n, float scale, float most, int64_t to);

// Rotates the same pairs of every head, at most 2048: elements a distance apart, or neighbours for a distance of 1. Pitches are in bytes.
void ts_row_rotate(int isa, int64_t x, int64_t x_pitch, int64_t y, int64_t y_pitch, int type, int heads, int pairs, int64_t distance,
                   const float* cos, const float* sin);
// Replaces a row by its softmax; a row of -Inf becomes zeros.
void ts_row_softmax(int isa, float* x, int n);
// Replaces x by 1 / (1 + e^-x).
void ts_row_sigmoid(int isa, float* x, int n);
// Finds the k largest, the lower index first on ties; NaN is never taken, and at least k others are there.
void ts_row_top(int isa, const float* x, int n, int k, int32_t* top);

// Runs independent chains of BF16 dot products in registers and returns how many operations that were; 0 without such instructions.
int64_t ts_bf16_dots(int isa, int64_t steps);

// Quantises a row in groups of at most 2048: codes, and FP32 scales max(amax, floor) / most.
void ts_row_quantise_groups(int isa, int64_t src, int type, int64_t n, int group, float floor, float most, int64_t to, int64_t scales);

#ifdef __cplusplus
}
#endif
