// Max over rows with padding: a thread per feature, neighbours on neighbouring features, so that every read is whole.
#include "device.cuh"

// Max over the rows of x [batch, rows, size] where mask [batch, rows] (or null) is positive: y [batch, size], and the first
// row that attains it, or -1 and 0 where there is none.
extern "C" __global__ void masked_max_pool(const float* x, const float* mask, float* y, int* winner, long long batch,
                                           int rows, int size) {
  const long long index = blockIdx.x * (long long)blockDim.x + threadIdx.x;
  if (index >= batch * size) return;
  const long long b = index / size;
  const float* column = x + b * rows * size + index % size;
  float best = 0;
  int at = -1;
  for (int r = 0; r < rows; r++) {
    if (mask && !(mask[b * rows + r] > 0)) continue;
    const float value = column[(long long)r * size];
    if (at >= 0 && !(value > best)) continue;
    best = value;
    at = r;
  }
  y[index] = best;
  winner[index] = at;
}

// dx [batch, rows, size]: dy at the winning row, 0 elsewhere.
extern "C" __global__ void masked_max_pool_gradient(const float* dy, const int* winner, float* dx, long long batch, int rows,
                                                    int size) {
  const long long index = blockIdx.x * (long long)blockDim.x + threadIdx.x;
  if (index >= batch * rows * size) return;
  const long long row = index / size, of = row / rows * size + index % size;
  dx[index] = winner[of] == (int)(row % rows) ? dy[of] : 0.0f;
}
