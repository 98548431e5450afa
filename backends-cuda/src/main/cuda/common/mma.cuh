// Tensor-core building blocks that every target has: ldmatrix, cp.async and mma.sync.
// Source: NVIDIA, Parallel Thread Execution ISA, "Warp Level Matrix Instructions".
#pragma once
#include "types.cuh"

DEVICE u32 shared_address(const void* p) { return (u32)__cvta_generic_to_shared(p); }

// Copies 16 bytes to shared memory; zeros where `inside` is false.
DEVICE void copy_async(u32 dst, const void* src, bool inside) {
  int bytes = inside ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(dst), "l"(src), "r"(bytes) : "memory");
}

DEVICE void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }

template <int PENDING>
DEVICE void await_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory");
}

DEVICE void load_matrices(u32 (&r)[4], u32 address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address)
               : "memory");
}

DEVICE void mma_bf16(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

DEVICE void mma_f16(float (&d)[4], u32 a0, u32 a1, u32 a2, u32 a3, u32 b0, u32 b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
}

// Two E4M3 codes (the low 16 bits) as FP16 times 2^-8, exact for every finite code. NaN codes become finite: whoever
// multiplies like this looks for them first.
DEVICE u32 e4m3_pair_as_f16(u32 codes) {
  u32 spread = __byte_perm(codes, 0, 0x1404);
  return (spread & 0x80008000u) | ((spread & 0x7f007f00u) >> 1);
}

// Other architectures from 8.9 on take the instruction too, and execute it as conversions and FP16 products.
#if __CUDA_ARCH__ == 890 || __CUDA_ARCH__ >= 1200
#define HAS_E4M3 1
#else
#define HAS_E4M3 0
#endif

// E4M3 by E4M3, 32 terms. Where the architecture has no such instruction the codes go through FP16: products of codes
// and their sums are then exact up to FP32, scaled by 2^-16.
DEVICE void mma_e4m3(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
#if HAS_E4M3
  asm volatile(
      "mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
#else
  mma_f16(d, e4m3_pair_as_f16(a[0]), e4m3_pair_as_f16(a[1]), e4m3_pair_as_f16(a[0] >> 16), e4m3_pair_as_f16(a[1] >> 16),
          e4m3_pair_as_f16(b0), e4m3_pair_as_f16(b0 >> 16));
  mma_f16(d, e4m3_pair_as_f16(a[2]), e4m3_pair_as_f16(a[3]), e4m3_pair_as_f16(a[2] >> 16), e4m3_pair_as_f16(a[3] >> 16),
          e4m3_pair_as_f16(b1), e4m3_pair_as_f16(b1 >> 16));
#endif
}

// What sums of mma_e4m3 are multiplied with.
#if HAS_E4M3
#define E4M3_UNIT 1.0f
#else
#define E4M3_UNIT 65536.0f
#endif

DEVICE void load_matrices_transposed(u32 (&r)[4], u32 address) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address)
               : "memory");
}
