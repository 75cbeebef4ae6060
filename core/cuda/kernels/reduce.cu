// Reductions of x [outer, length, inner] over `length`, which is split into ranges where there are too few results to keep
// the device busy: [outer, ranges, inner] is then reduced once more. Sums are added in a fixed order.
#include "device.cuh"
#include "warp.cuh"

namespace {

enum Operation { SUM, MAX, MIN };

__device__ inline float start(int operation) {
  return operation == SUM ? 0.0f : operation == MAX ? -INFINITY : INFINITY;
}

// NaN wins over every number, as in the stock kernels.
__device__ inline float combine(int operation, float a, float b) {
  if (operation == SUM) return a + b;
  if (operation == MAX) return a != a || a > b ? a : b;
  return a != a || a < b ? a : b;
}

struct Range {
  long long begin, end;
  __device__ Range(long long length, int range, int ranges)
      : begin(length * range / ranges), end(length * (range + 1) / ranges) {}
};

}  // namespace

// Where inner is 1: a warp per result, its lanes side by side on the row. y [outer, ranges], times `factor`.
extern "C" __global__ void reduce_rows(int operation, const float* x, float* y, long long results, long long length,
                                       int ranges, float factor) {
  const long long result = (blockIdx.x * (long long)blockDim.x + threadIdx.x) / WARP;
  if (result >= results) return;
  const Range range(length, (int)(result % ranges), ranges);
  const float* row = x + result / ranges * length;
  float value = start(operation);
  for (long long i = range.begin + threadIdx.x % WARP; i < range.end; i += WARP) value = combine(operation, value, row[i]);
  for (int step = WARP / 2; step > 0; step /= 2)
    value = combine(operation, value, __shfl_xor_sync(ALL_LANES, value, step));
  if (threadIdx.x % WARP == 0) y[result] = value * factor;
}

// Where inner is larger: a thread per result, neighbours on neighbouring columns. y [outer, ranges, inner], times `factor`.
extern "C" __global__ void reduce_columns(int operation, const float* x, float* y, long long results, long long length,
                                          int inner, int ranges, float factor) {
  const long long result = blockIdx.x * (long long)blockDim.x + threadIdx.x;
  if (result >= results) return;
  const long long column = result % inner, row = result / inner;
  const Range range(length, (int)(row % ranges), ranges);
  const float* from = x + row / ranges * length * inner + column;
  float value = start(operation);
  for (long long i = range.begin; i < range.end; i++) value = combine(operation, value, from[i * inner]);
  y[result] = value * factor;
}

// Place of the first largest (or smallest) number along `length`: y [outer, inner], a thread per result.
extern "C" __global__ void arg_extreme(int smallest, const float* x, int* y, long long results, int length, int inner) {
  const long long result = blockIdx.x * (long long)blockDim.x + threadIdx.x;
  if (result >= results) return;
  const float* from = x + result / inner * length * inner + result % inner;
  float best = from[0];
  int at = 0;
  for (int i = 1; i < length; i++) {
    const float value = from[(long long)i * inner];
    if (smallest ? value < best : value > best) {
      best = value;
      at = i;
    }
  }
  y[result] = at;
}
