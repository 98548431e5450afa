// Names that every kernel uses.
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;

#define DEVICE static __device__ __forceinline__
#define KERNEL extern "C" __global__ void

// Element types as the host numbers them.
enum ElementType {
  F32 = 0,
  F16 = 1,
  BF16 = 2,
  E4M3FN = 3,
  E5M2 = 4,
  E4M3FNUZ = 5,
  E5M2FNUZ = 6,
  E2M1 = 7,
  E8M0 = 8
};

#define NEGATIVE_INFINITY __int_as_float(0xff800000)
#define POSITIVE_INFINITY __int_as_float(0x7f800000)
#define QUIET_NAN __int_as_float(0x7fc00000)

DEVICE i64 ceil_div(i64 a, i64 b) { return (a + b - 1) / b; }
