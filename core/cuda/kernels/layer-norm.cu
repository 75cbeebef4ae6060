// Layer norm over the last axis. Memory-bound: one warp per row, which it reads from the cache the second time. The sums
// over rows go through partial sums of ranges of rows, added in order, so that a run can be repeated bit for bit.
#include "device.cuh"
#include "warp.cuh"

namespace {

constexpr int COLUMNS = 32;   // of a block that sums over rows
constexpr int ROW_LANES = 8;  // rows such a block reads at a time

struct RowStatistics {
  float mean, reciprocal;
};

__device__ RowStatistics rowStatistics(const float* x, int width, float epsilon) {
  const int lane = threadIdx.x % WARP;
  float sum = 0, squares = 0;
  for (int c = lane; c < width; c += WARP) sum += x[c];
  const float mean = warpSum(sum) / width;
  for (int c = lane; c < width; c += WARP) squares += (x[c] - mean) * (x[c] - mean);
  return {mean, 1.0f / sqrtf(warpSum(squares) / width + epsilon)};
}

__device__ long long warpIndex() { return (blockIdx.x * (long long)blockDim.x + threadIdx.x) / WARP; }

}  // namespace

// y = (x - mean) / sqrt(variance + epsilon) * scale + bias for each of `rows` rows; a warp per row.
extern "C" __global__ void layer_norm(const float* x, const float* scale, const float* bias, float* y, long long rows,
                                      int width, float epsilon) {
  const long long row = warpIndex();
  if (row >= rows) return;
  x += row * width;
  y += row * width;
  const RowStatistics statistics = rowStatistics(x, width, epsilon);
  for (int c = threadIdx.x % WARP; c < width; c += WARP)
    y[c] = (x[c] - statistics.mean) * statistics.reciprocal * scale[c] + bias[c];
}

// Gradient of layer_norm for x; leaves mean and reciprocal deviation of each row in statistics [rows, 2].
extern "C" __global__ void layer_norm_gradient(const float* dy, const float* x, const float* scale, float* dx,
                                               float* statistics, long long rows, int width, float epsilon) {
  const long long row = warpIndex();
  if (row >= rows) return;
  const int lane = threadIdx.x % WARP;
  x += row * width;
  dy += row * width;
  dx += row * width;
  const RowStatistics own = rowStatistics(x, width, epsilon);
  float sum = 0, dot = 0;
  for (int c = lane; c < width; c += WARP) {
    const float scaled = dy[c] * scale[c];
    sum += scaled;
    dot += scaled * (x[c] - own.mean) * own.reciprocal;
  }
  sum = warpSum(sum) / width;
  dot = warpSum(dot) / width;
  for (int c = lane; c < width; c += WARP)
    dx[c] = own.reciprocal * (dy[c] * scale[c] - sum - (x[c] - own.mean) * own.reciprocal * dot);
  if (lane == 0) {
    statistics[row * 2] = own.mean;
    statistics[row * 2 + 1] = own.reciprocal;
  }
}

// Sums over one range of rows per blockIdx.y: partial [ranges, 2 * width] gets those of scale, then those of bias. Blocks of
// 256 threads, 32 columns each.
extern "C" __global__ void layer_norm_gradient_sums(const float* dy, const float* x, const float* statistics, float* partial,
                                                    long long rows, int width) {
  __shared__ float sums[2][ROW_LANES][COLUMNS];
  const int lane = threadIdx.x % COLUMNS, rowLane = threadIdx.x / COLUMNS, column = blockIdx.x * COLUMNS + lane;
  const int range = blockIdx.y, ranges = gridDim.y;
  float scaleSum = 0, biasSum = 0;
  if (column < width) {
    for (long long r = rows * range / ranges + rowLane; r < rows * (range + 1) / ranges; r += ROW_LANES) {
      const float d = dy[r * width + column];
      scaleSum += d * (x[r * width + column] - statistics[r * 2]) * statistics[r * 2 + 1];
      biasSum += d;
    }
  }
  sums[0][rowLane][lane] = scaleSum;
  sums[1][rowLane][lane] = biasSum;
  __syncthreads();
  if (rowLane >= 2 || column >= width) return;
  float sum = 0;
  for (int r = 0; r < ROW_LANES; r++) sum += sums[rowLane][r][lane];
  partial[((long long)range * 2 + rowLane) * width + column] = sum;
}
