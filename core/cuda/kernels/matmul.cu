// General batched products, exactly in float32: ours are small (powers of d x d matrices, scores of pairs) and some are
// iterated, so that rounded inputs would cost accuracy where no time is to be won. Linear layers have kernels of their own.
#include "device.cuh"

namespace {

constexpr int TILE = 64, DEPTH = 16, EDGE = 4;  // a block makes TILE x TILE numbers, a thread EDGE x EDGE of them
constexpr int TILE_THREADS = (TILE / EDGE) * (TILE / EDGE);

__device__ inline float finish(const float* bias, int column, float value, int relu) {
  if (bias) value += bias[column];
  return relu && value <= 0 ? 0.0f : value;
}

}  // namespace

// y [batch, rows, columns] = left [rows, depth] * right [depth, columns] (+ bias [columns] or null) (ReLU). The steps say
// where element (i, j) of a factor lies, so that transposed factors and repeated ones (batch step 0) need no copy.

// For small matrices: a thread per number.
extern "C" __global__ void matmul_direct(const float* left, const float* right, const float* bias, float* y, long long size,
                                         int rows, int columns, int depth, long long leftBatch, long long rightBatch,
                                         int leftRow, int leftDepth, int rightDepth, int rightColumn, int relu) {
  const long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
  if (i >= size) return;
  const int column = (int)(i % columns), row = (int)(i / columns % rows);
  const long long batch = i / columns / rows;
  const float* a = left + batch * leftBatch + (long long)row * leftRow;
  const float* b = right + batch * rightBatch + (long long)column * rightColumn;
  float sum = 0;
  for (int k = 0; k < depth; k++) sum += a[(long long)k * leftDepth] * b[(long long)k * rightDepth];
  y[i] = finish(bias, column, sum, relu);
}

// For large ones: blocks of 256 threads, grid (column tiles, row tiles, batch).
extern "C" __global__ void __launch_bounds__(TILE_THREADS)
    matmul_tiled(const float* left, const float* right, const float* bias, float* y, int rows, int columns, int depth,
                 long long leftBatch, long long rightBatch, int leftRow, int leftDepth, int rightDepth, int rightColumn,
                 int relu) {
  __shared__ float leftTile[DEPTH][TILE + 4], rightTile[DEPTH][TILE + 4];
  const int firstRow = blockIdx.y * TILE, firstColumn = blockIdx.x * TILE;
  const int threadRow = threadIdx.x / (TILE / EDGE) * EDGE, threadColumn = threadIdx.x % (TILE / EDGE) * EDGE;
  left += blockIdx.z * leftBatch;
  right += blockIdx.z * rightBatch;
  float sums[EDGE][EDGE] = {};
  for (int first = 0; first < depth; first += DEPTH) {
    for (int place = threadIdx.x; place < TILE * DEPTH; place += TILE_THREADS) {
      // Neighbouring threads take neighbouring addresses whichever way a factor lies.
      const int a = leftDepth == 1 ? place / DEPTH : place % TILE, aDepth = leftDepth == 1 ? place % DEPTH : place / TILE;
      const int b = rightDepth == 1 ? place / DEPTH : place % TILE, bDepth = rightDepth == 1 ? place % DEPTH : place / TILE;
      const bool leftInside = firstRow + a < rows && first + aDepth < depth;
      const bool rightInside = firstColumn + b < columns && first + bDepth < depth;
      leftTile[aDepth][a] =
          leftInside ? left[(long long)(firstRow + a) * leftRow + (long long)(first + aDepth) * leftDepth] : 0.0f;
      rightTile[bDepth][b] =
          rightInside ? right[(long long)(first + bDepth) * rightDepth + (long long)(firstColumn + b) * rightColumn] : 0.0f;
    }
    __syncthreads();
#pragma unroll
    for (int k = 0; k < DEPTH; k++) {
      float a[EDGE], b[EDGE];
#pragma unroll
      for (int e = 0; e < EDGE; e++) {
        a[e] = leftTile[k][threadRow + e];
        b[e] = rightTile[k][threadColumn + e];
      }
#pragma unroll
      for (int i = 0; i < EDGE; i++)
#pragma unroll
        for (int j = 0; j < EDGE; j++) sums[i][j] += a[i] * b[j];
    }
    __syncthreads();
  }
  y += blockIdx.z * (long long)rows * columns;
#pragma unroll
  for (int i = 0; i < EDGE; i++)
#pragma unroll
    for (int j = 0; j < EDGE; j++) {
      const int row = firstRow + threadRow + i, column = firstColumn + threadColumn + j;
      if (row < rows && column < columns) y[(long long)row * columns + column] = finish(bias, column, sums[i][j], relu);
    }
}
