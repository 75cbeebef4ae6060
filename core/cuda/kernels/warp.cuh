// Sums over the lanes of a warp and the threads of a block, in a fixed order.
#pragma once
#include "device.cuh"

constexpr int WARP = 32;
constexpr unsigned ALL_LANES = 0xffffffffu;

// Sum over all lanes, given to all of them.
template <class Number>
__device__ inline Number warpSum(Number value) {
  for (int step = WARP / 2; step > 0; step /= 2) value += __shfl_xor_sync(ALL_LANES, value, step);
  return value;
}

// Sum over the block, given to all its threads; `scratch` has room for one number per warp and is free afterwards.
template <class Number>
__device__ inline Number blockSum(Number value, Number* scratch) {
  const int thread = threadIdx.x, warps = blockDim.x / WARP;
  value = warpSum(value);
  if (thread % WARP == 0) scratch[thread / WARP] = value;
  __syncthreads();
  Number sum = 0;
  for (int warp = 0; warp < warps; warp++) sum += scratch[warp];
  __syncthreads();
  return sum;
}
