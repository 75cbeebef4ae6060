// Products of 16 x 8 tiles by one warp, on the tensor cores (tf32 inputs, float32 sums) or exactly in float32.
//
// A tile of 16 tokens x 8 columns is spread over a warp as the tensor cores return it: lane l holds, of the rows g = l / 4
// and g + 8, the columns 2t and 2t + 1 with t = l % 4, as [(g, 2t), (g, 2t+1), (g+8, 2t), (g+8, 2t+1)]. The order in which
// a product runs through its depth is free; with depth indices 2t, 2t + 1 where the instruction has t, t + 4, a result is
// laid out exactly as the left factor of the next product, so chains of products never leave the registers.
#pragma once
#include "warp.cuh"

struct Lane {
  int row, pair;  // g and t
};

__device__ inline Lane laneOf() {
  const int lane = threadIdx.x % WARP;
  return {lane / 4, lane % 4};
}

// Sum over the four lanes that hold a row, given to all of them.
__device__ inline float rowSum(float value) {
  value += __shfl_xor_sync(ALL_LANES, value, 1);
  return value + __shfl_xor_sync(ALL_LANES, value, 2);
}

#ifdef CAUSAL_PILOT_SOFTWARE_DEVICE
// The software device does what the instruction does, so that the places of numbers are tested.
__device__ inline float roundToTf32(float value) {
  return __uint_as_float((__float_as_uint(value) + 0x1000u) & 0xffffe000u);
}
__device__ inline void multiplyTf32(float (&sum)[4], float a0, float a1, float a2, float a3, float b0, float b1) {
  struct Fragments {
    float a[4], b[2];
  };
  const auto of = software::gather(ALL_LANES, Fragments{{a0, a1, a2, a3}, {b0, b1}}, __LINE__);
  const Lane lane = laneOf();
  for (int k = 0; k < 8; k++) {
    const Fragments row = of[lane.row * 4 + k % 4];
    const float upper = row.a[k / 4 * 2], lower = row.a[k / 4 * 2 + 1];
    for (int n = 0; n < 2; n++) {
      const float right = of[(2 * lane.pair + n) * 4 + k % 4].b[k / 4];
      sum[n] += upper * right;
      sum[2 + n] += lower * right;
    }
  }
}
#else
// The nearest number with 10 bits of mantissa, as the tensor cores read it.
__device__ inline float roundToTf32(float value) {
  unsigned bits;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(value));
  return __uint_as_float(bits);
}
__device__ inline void multiplyTf32(float (&sum)[4], float a0, float a1, float a2, float a3, float b0, float b1) {
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
      : "r"(__float_as_uint(a0)), "r"(__float_as_uint(a1)), "r"(__float_as_uint(a2)), "r"(__float_as_uint(a3)),
        "r"(__float_as_uint(b0)), "r"(__float_as_uint(b1)));
}
#endif

// What a left factor has to look like: rounded for the tensor cores, as it is otherwise.
template <bool EXACT>
__device__ inline float rounded(float value) {
  return EXACT ? value : roundToTf32(value);
}
template <bool EXACT, int TILES>
__device__ inline void roundAll(float (&tiles)[TILES][4]) {
#pragma unroll
  for (int j = 0; j < TILES; j++)
#pragma unroll
    for (int e = 0; e < 4; e++) tiles[j][e] = rounded<EXACT>(tiles[j][e]);
}

// The two rows of which a lane holds parts.
__device__ inline void wholeRows(const float (&left)[4], float (&upper)[8], float (&lower)[8]) {
  const Lane lane = laneOf();
#ifdef CAUSAL_PILOT_SOFTWARE_DEVICE
  struct Fragment {
    float a[4];
  };
  const auto of = software::gather(ALL_LANES, Fragment{{left[0], left[1], left[2], left[3]}}, __LINE__);
#endif
#pragma unroll
  for (int k = 0; k < 8; k++) {
    const int source = lane.row * 4 + k / 2;
#ifdef CAUSAL_PILOT_SOFTWARE_DEVICE
    upper[k] = of[source].a[k % 2];
    lower[k] = of[source].a[2 + k % 2];
#else
    upper[k] = __shfl_sync(ALL_LANES, left[k % 2], source);
    lower[k] = __shfl_sync(ALL_LANES, left[2 + k % 2], source);
#endif
  }
}

// sums[n] += left * right[n] for TILES tiles: left [16 tokens, 8 deep], right[n] [8 columns][8 deep] at right + n * tileStep,
// its columns `columnStep` numbers apart.
template <bool EXACT, int TILES>
__device__ inline void multiply(float (&sums)[TILES][4], const float (&left)[4], const float* right, int tileStep,
                                int columnStep = 8) {
  const Lane lane = laneOf();
  if constexpr (!EXACT) {
#pragma unroll
    for (int n = 0; n < TILES; n++) {
      const float2 b = *(const float2*)(right + n * tileStep + lane.row * columnStep + 2 * lane.pair);
      multiplyTf32(sums[n], left[0], left[2], left[1], left[3], b.x, b.y);
    }
  } else {
    float upper[8], lower[8];
    wholeRows(left, upper, lower);
#pragma unroll
    for (int n = 0; n < TILES; n++) {
      const float* column = right + n * tileStep + 2 * lane.pair * columnStep;
#pragma unroll
      for (int k = 0; k < 8; k++) {
        const float b0 = column[k], b1 = column[columnStep + k];
        sums[n][0] += upper[k] * b0;
        sums[n][1] += upper[k] * b1;
        sums[n][2] += lower[k] * b0;
        sums[n][3] += lower[k] * b1;
      }
    }
  }
}
