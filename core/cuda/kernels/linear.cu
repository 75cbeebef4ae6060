// Linear layers with bias and ReLU, and their gradients. Our layers are narrow (2 to 256 features) and have many rows, so
// they are bound by memory: blocks of 64 rows x 32 columns read each row once per 32 outputs, go through the depth in steps
// of 16 kept in shared memory, and leave the arithmetic to the tensor cores. Weight gradients are sums over rows: ranges of
// rows give partial sums, which sum_partials adds in order.
#include "device.cuh"
#include "tensor-core.cuh"

namespace {

constexpr int ROWS = 64, COLUMNS = 32, DEPTH = 16;
constexpr int STRIDE = DEPTH + 8;  // in shared memory: fragments are read without bank conflicts
constexpr int THREADS = 128;

// Element (i, depth k) is at values[i * step + k * depthStep], taken as 0 where the same place of `gate` is not positive.
struct Factor {
  const float* values;
  long long step, depthStep;
  const float* gate;
  __device__ float at(long long i, long long k) const {
    const long long place = i * step + k * depthStep;
    return gate && !(gate[place] > 0) ? 0.0f : values[place];
  }
};

struct Shape {
  long long rows;
  int columns;
  long long depthBegin, depthEnd;
};

// Copies [count, DEPTH] of a factor to shared memory with zeros outside; neighbouring threads take neighbouring addresses.
template <bool ROUND>
__device__ void stage(const Factor& factor, long long first, long long end, long long depth, long long depthEnd, int count,
                      float* to) {
  for (int place = threadIdx.x; place < count * DEPTH; place += THREADS) {
    const bool alongDepth = factor.depthStep == 1;
    const int i = alongDepth ? place / DEPTH : place % count, k = alongDepth ? place % DEPTH : place / count;
    const bool inside = first + i < end && depth + k < depthEnd;
    const float value = inside ? factor.at(first + i, depth + k) : 0.0f;
    to[i * STRIDE + k] = ROUND ? roundToTf32(value) : value;
  }
}

// One block's tile of left [rows, depth] times right [columns, depth]; write(row, column, value) gets each element, and
// leftSums(row, sum over the depth) those of the left factor where blockIdx.y is 0.
template <bool EXACT, class Write, class LeftSums>
__device__ void product(const Factor& left, const Factor& right, const Shape& shape, const Write& write,
                        const LeftSums& leftSums) {
  __shared__ __align__(16) float leftTile[ROWS * STRIDE];
  __shared__ __align__(16) float rightTile[COLUMNS * STRIDE];
  const long long firstRow = (long long)blockIdx.x * ROWS;
  const int firstColumn = blockIdx.y * COLUMNS, warp = threadIdx.x / WARP;
  const Lane lane = laneOf();
  float sums[COLUMNS / 8][4] = {};
  float leftSum = 0;
  for (long long depth = shape.depthBegin; depth < shape.depthEnd; depth += DEPTH) {
    stage<false>(left, firstRow, shape.rows, depth, shape.depthEnd, ROWS, leftTile);
    stage<!EXACT>(right, firstColumn, shape.columns, depth, shape.depthEnd, COLUMNS, rightTile);
    __syncthreads();
#pragma unroll
    for (int k = 0; k < DEPTH; k += 8) {
      const float* upper = leftTile + (warp * 16 + lane.row) * STRIDE + k + 2 * lane.pair;
      const float* lower = upper + 8 * STRIDE;
      const float fragment[4] = {rounded<EXACT>(upper[0]), rounded<EXACT>(upper[1]), rounded<EXACT>(lower[0]),
                                 rounded<EXACT>(lower[1])};
      multiply<EXACT>(sums, fragment, rightTile + k, 8 * STRIDE, STRIDE);
    }
    if (blockIdx.y == 0 && threadIdx.x < ROWS)
      for (int k = 0; k < DEPTH; k++) leftSum += leftTile[threadIdx.x * STRIDE + k];
    __syncthreads();
  }
  if (blockIdx.y == 0 && threadIdx.x < ROWS && firstRow + threadIdx.x < shape.rows) leftSums(firstRow + threadIdx.x, leftSum);
#pragma unroll
  for (int n = 0; n < COLUMNS / 8; n++)
#pragma unroll
    for (int e = 0; e < 4; e++) {
      const long long row = firstRow + warp * 16 + lane.row + e / 2 * 8;
      const int column = firstColumn + n * 8 + 2 * lane.pair + e % 2;
      if (row < shape.rows && column < shape.columns) write(row, column, sums[n][e]);
    }
}

struct Nothing {
  __device__ void operator()(long long, float) const {}
};

struct Activated {
  const float* bias;
  float* y;
  int columns, relu;
  __device__ void operator()(long long row, int column, float value) const {
    if (bias) value += bias[column];
    y[row * columns + column] = relu ? fmaxf(value, 0.0f) : value;
  }
};

struct Plain {
  float* to;
  int columns;
  __device__ void operator()(long long row, int column, float value) const { to[row * columns + column] = value; }
};

struct Sums {
  float* to;
  __device__ void operator()(long long row, float value) const { to[row] = value; }
};

template <bool EXACT>
__device__ void forward(const float* x, const float* weight, const float* bias, float* y, long long rows, int inputs,
                        int outputs, int relu) {
  product<EXACT>({x, inputs, 1, nullptr}, {weight, inputs, 1, nullptr}, {rows, outputs, 0, inputs},
                 Activated{bias, y, outputs, relu}, Nothing{});
}

template <bool EXACT>
__device__ void inputGradient(const float* dy, const float* y, const float* weight, float* dx, long long rows, int inputs,
                              int outputs) {
  product<EXACT>({dy, outputs, 1, y}, {weight, 1, inputs, nullptr}, {rows, inputs, 0, outputs}, Plain{dx, inputs},
                 Nothing{});
}

template <bool EXACT>
__device__ void weightGradient(const float* dy, const float* y, const float* x, float* partial, long long rows, int inputs,
                               int outputs) {
  const long long range = blockIdx.z, ranges = gridDim.z;
  float* own = partial + range * ((long long)outputs * inputs + outputs);
  product<EXACT>({dy, 1, outputs, y}, {x, 1, inputs, nullptr},
                 {outputs, inputs, rows * range / ranges, rows * (range + 1) / ranges}, Plain{own, inputs},
                 Sums{own + (long long)outputs * inputs});
}

}  // namespace

// y [rows, outputs] = x [rows, inputs] * weight [outputs, inputs] transposed + bias (or null), then ReLU if asked. Grid:
// (rows / 64, outputs / 32); blocks of 128 threads, here and below.
extern "C" __global__ void __launch_bounds__(THREADS)
    linear(const float* x, const float* weight, const float* bias, float* y, long long rows, int inputs, int outputs,
           int relu) {
  forward<false>(x, weight, bias, y, rows, inputs, outputs, relu);
}
extern "C" __global__ void __launch_bounds__(THREADS)
    linear_exact(const float* x, const float* weight, const float* bias, float* y, long long rows, int inputs, int outputs,
                 int relu) {
  forward<true>(x, weight, bias, y, rows, inputs, outputs, relu);
}

// dx = dy * weight, with dy silenced where y (null without ReLU) is not positive. Grid: (rows / 64, inputs / 32).
extern "C" __global__ void __launch_bounds__(THREADS)
    linear_input_gradient(const float* dy, const float* y, const float* weight, float* dx, long long rows, int inputs,
                          int outputs) {
  inputGradient<false>(dy, y, weight, dx, rows, inputs, outputs);
}
extern "C" __global__ void __launch_bounds__(THREADS)
    linear_input_gradient_exact(const float* dy, const float* y, const float* weight, float* dx, long long rows, int inputs,
                                int outputs) {
  inputGradient<true>(dy, y, weight, dx, rows, inputs, outputs);
}

// partial [ranges, outputs * inputs + outputs]: the gradient of the weight, then of the bias, over the rows of each range.
// Grid: (outputs / 64, inputs / 32, ranges).
extern "C" __global__ void __launch_bounds__(THREADS)
    linear_weight_gradient(const float* dy, const float* y, const float* x, float* partial, long long rows, int inputs,
                           int outputs) {
  weightGradient<false>(dy, y, x, partial, rows, inputs, outputs);
}
extern "C" __global__ void __launch_bounds__(THREADS)
    linear_weight_gradient_exact(const float* dy, const float* y, const float* x, float* partial, long long rows, int inputs,
                                 int outputs) {
  weightGradient<true>(dy, y, x, partial, rows, inputs, outputs);
}

// Adds partial [ranges, size] in order: the first `split` sums go to `first`, the others to `second`.
extern "C" __global__ void sum_partials(const float* partial, float* first, float* second, int ranges, long long size,
                                        long long split) {
  const long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
  if (i >= size) return;
  float sum = 0;
#pragma unroll 16
  for (int range = 0; range < ranges; range++) sum += partial[range * size + i];
  if (i < split) first[i] = sum;
  else second[i - split] = sum;
}
