// What every kernel may use. OpenCL C 1.2 without optional features: no fp64, no fp16 arithmetic.
//
// Options: VARIANT_CPU or VARIANT_GPU, GROUP (work-items of a group), CORRECT_DIVISION when the
// program is built with correctly rounded division and square root.

// A product and a sum become one rounding where a kernel says fma, and nowhere else.
#pragma OPENCL FP_CONTRACT OFF

// For functions that get local memory or meet at a barrier. PoCL 3.1 gives all work-groups one copy of
// local memory that a function which stayed a function uses, and an early return from a kernel with
// barriers confuses it: such kernels have no return.
#define INLINE static inline __attribute__((always_inline))

// Element types, numbered as in the Java class TypeNumbers.
#define F32 0
#define F16 1
#define BF16 2
#define E4M3FN 3
#define E5M2 4
#define E4M3FNUZ 5
#define E5M2FNUZ 6
#define E2M1 7
#define E8M0 8

typedef __global const uchar *in_t;
typedef __global uchar *out_t;

#define NAN_BITS 0x7FC00000u
#define INF_BITS 0x7F800000u

static inline float quiet_nan(void) { return as_float(NAN_BITS); }

// Tests on bits: a driver may assume that there are no special values, whatever its options say.
static inline int is_nan(float x) { return (as_uint(x) & 0x7FFFFFFFu) > INF_BITS; }
static inline int is_inf(float x) { return (as_uint(x) & 0x7FFFFFFFu) == INF_BITS; }

#include "codes.cl"
#include "elements.cl"
#include "arithmetic.cl"

// Lanes: what a work-item handles at once. The cpu variant works on 16 elements, the gpu variant on
// one, and a row is shared by the work-items of a group. `left` is the number of elements from i to
// the end of the row; what lies beyond is neither read nor written.
#ifdef VARIANT_CPU
#include "lanes_cpu.cl"
#else
#include "lanes_gpu.cl"
#endif

// silu(x) = x / (1 + e^-x); e^-x is infinite below -88, which gives -0.
static inline lanes silu_lanes(lanes x) {
  lanes y = divide_lanes(x, 1.0f + exp(-x));
  return as_ulanes(x) == (ulanes)(0xFF800000u) ? (lanes)(-0.0f) : y;
}

// Rows of tensors of any rank.

// Returns where row number `row` begins, in elements; `extents` are those of the outer dimensions,
// innermost first, 1 for absent ones.
static inline ulong row_start(ulong row, long8 extents, long8 steps) {
  ulong at = 0;
  at += row % (ulong)extents.s0 * (ulong)steps.s0, row /= (ulong)extents.s0;
  at += row % (ulong)extents.s1 * (ulong)steps.s1, row /= (ulong)extents.s1;
  at += row % (ulong)extents.s2 * (ulong)steps.s2, row /= (ulong)extents.s2;
  at += row % (ulong)extents.s3 * (ulong)steps.s3, row /= (ulong)extents.s3;
  at += row % (ulong)extents.s4 * (ulong)steps.s4, row /= (ulong)extents.s4;
  at += row % (ulong)extents.s5 * (ulong)steps.s5, row /= (ulong)extents.s5;
  at += row % (ulong)extents.s6 * (ulong)steps.s6, row /= (ulong)extents.s6;
  return at + row * (ulong)steps.s7;
}
