// Softmax over the last axis, a warp per row.
#include "device.cuh"
#include "warp.cuh"

// y = softmax(x), or its logarithm, for each of `rows` rows of `width` numbers.
extern "C" __global__ void softmax(const float* x, float* y, long long rows, int width, int logarithmic) {
  const long long row = (blockIdx.x * (long long)blockDim.x + threadIdx.x) / WARP;
  if (row >= rows) return;
  const int lane = threadIdx.x % WARP;
  x += row * width;
  y += row * width;
  float top = -INFINITY;
  for (int c = lane; c < width; c += WARP) top = x[c] != x[c] || x[c] > top ? x[c] : top;
  for (int step = WARP / 2; step > 0; step /= 2) {
    const float other = __shfl_xor_sync(ALL_LANES, top, step);
    top = top != top || top > other ? top : other;
  }
  float sum = 0;
  for (int c = lane; c < width; c += WARP) sum += expf(x[c] - top);
  sum = warpSum(sum);
  const float shift = top + logf(sum), reciprocal = 1.0f / sum;
  for (int c = lane; c < width; c += WARP) y[c] = logarithmic ? x[c] - shift : expf(x[c] - top) * reciprocal;
}
