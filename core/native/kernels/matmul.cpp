// Dense products of row-major matrices, and the linear layer built on them.
#include <algorithm>
#include <mutex>
#include <vector>

#include "gemm.h"
#include "thread-pool.h"

namespace {

constexpr int DEPTH_BLOCK = 512;            // rows of the right matrix that stay in the second-level cache
constexpr int64_t TASK_WORK = 1 << 18;      // multiply-adds that are worth handing to another thread
constexpr int DEPTH_RANGES = 16;            // fixed, so that sums do not depend on the number of threads

struct Matrix {
  const float* data;
  int64_t row, column;  // strides
  const float* at(int64_t r, int64_t c) const { return data + r * row + c * column; }
};

// Right operands whose rows are whole vectors are read in place, others from a padded copy.
struct RightOperand {
  const float* data;
  int64_t row;
};

bool readInPlace(const Matrix& b, int columns) { return b.column == 1 && columns % W == 0; }

void packRight(const Matrix& b, int depth, int columns, float* to) {
  const int row = roundUp(columns);
  if (row != columns) std::memset(to, 0, (size_t)depth * row * sizeof(float));
  if (b.column == 1) {
    for (int k = 0; k < depth; k++) std::memcpy(to + (size_t)k * row, b.at(k, 0), columns * sizeof(float));
  } else if (b.row == 1) {
    transposeCopy(b.data, b.column, columns, depth, to, row);
  } else {
    for (int k = 0; k < depth; k++)
      for (int c = 0; c < columns; c++) to[(size_t)k * row + c] = *b.at(k, c);
  }
}

std::vector<float>& callScratch() {
  static thread_local std::vector<float> memory;
  return memory;
}

std::vector<float>& taskScratch() {
  static thread_local std::vector<float> memory;
  return memory;
}

float* room(std::vector<float>& memory, size_t numbers) {
  if (memory.size() < numbers) memory.resize(numbers);
  return memory.data();
}

// Rows [first, last) of c [.., columns] (rows `columns` apart, or padded where `padded`) = a * b (+ bias by column).
void multiplyRows(const Matrix& a, const RightOperand& b, int64_t first, int64_t last, int columns, int depth,
                  const float* bias, bool relu, float* c) {
  const int rows = (int)(last - first), padded = roundUp(columns);
  const bool direct = padded == columns;
  float* out = direct ? c + first * columns : room(taskScratch(), (size_t)rows * padded);
  if (bias) {
    for (int r = 0; r < rows; r++) std::memcpy(out + (size_t)r * padded, bias, columns * sizeof(float));
  }
  for (int k = 0; k < depth || k == 0; k += DEPTH_BLOCK) {
    Gemm g;
    g.rows = rows, g.columns = padded / W, g.depth = std::min(DEPTH_BLOCK, depth - k);
    g.a = a.at(first, k), g.aRow = a.row, g.aDepth = a.column;
    g.b = b.data + k * b.row, g.bDepth = b.row;
    g.c = out, g.cRow = padded;
    g.start = k > 0 || bias ? Start::accumulate : Start::zero;
    g.relu = relu && k + DEPTH_BLOCK >= depth;
    gemm(g);
  }
  if (direct) return;
  for (int r = 0; r < rows; r++)
    std::memcpy(c + (first + r) * columns, out + (size_t)r * padded, columns * sizeof(float));
}

// c [rows, columns] = a * b (+ bias), shared out by rows.
void multiply(const Matrix& a, const Matrix& b, int64_t rows, int columns, int depth, const float* bias, bool relu,
              float* c) {
  RightOperand right = {b.data, b.row};
  if (!readInPlace(b, columns)) {
    float* packed = room(callScratch(), (size_t)depth * roundUp(columns));
    packRight(b, depth, columns, packed);
    right = {packed, roundUp(columns)};
  }
  const int64_t work = (int64_t)columns * std::max(depth, 1);
  parallelRange(rows, std::max<int64_t>(TASK_WORK / work, 1), [&](int64_t begin, int64_t end) {
    // Chunks keep the copy of padded rows small.
    constexpr int64_t CHUNK = 240;
    for (int64_t first = begin; first < end; first += CHUNK)
      multiplyRows(a, right, first, std::min(first + CHUNK, end), columns, depth, bias, relu, c);
  });
}

// c [rows, columns] = sum over k of a(row, k) * b(k, column) for few rows and columns and many k: ranges of k are summed
// apart and added in order.
void multiplyDeep(const Matrix& a, const Matrix& b, int rows, int columns, int64_t depth, float* c) {
  const int padded = roundUp(columns);
  const int64_t size = (int64_t)rows * padded;
  const int ranges = (int)std::clamp<int64_t>(depth * rows * columns / TASK_WORK, 1, DEPTH_RANGES);
  float* sums = room(callScratch(), size * ranges);
  parallelFor(ranges, [&](int64_t range) {
    const int64_t begin = depth * range / ranges, end = depth * (range + 1) / ranges;
    float* out = sums + size * range;
    std::memset(out, 0, size * sizeof(float));
    for (int64_t k = begin; k < end; k += DEPTH_BLOCK) {
      const int take = (int)std::min<int64_t>(DEPTH_BLOCK, end - k);
      Gemm g;
      g.rows = rows, g.columns = padded / W, g.depth = take;
      g.a = a.at(0, k), g.aRow = a.row, g.aDepth = a.column;
      if (readInPlace(b, columns)) {
        g.b = b.at(k, 0), g.bDepth = b.row;
      } else {
        float* packed = room(taskScratch(), (size_t)DEPTH_BLOCK * padded);
        packRight({b.at(k, 0), b.row, b.column}, take, columns, packed);
        g.b = packed, g.bDepth = padded;
      }
      g.c = out, g.cRow = padded, g.start = Start::accumulate;
      gemm(g);
    }
  });
  for (int range = 1; range < ranges; range++)
    for (int64_t i = 0; i < size; i += W) store(sums + i, load(sums + i) + load(sums + range * size + i));
  for (int r = 0; r < rows; r++)
    std::memcpy(c + (size_t)r * columns, sums + (size_t)r * padded, columns * sizeof(float));
}

void product(const Matrix& a, const Matrix& b, int64_t rows, int columns, int64_t depth, const float* bias, bool relu,
             float* c) {
  const bool deep = !bias && !relu && depth > 4 * DEPTH_BLOCK && rows * columns <= 128 * 1024;
  if (deep) multiplyDeep(a, b, (int)rows, columns, depth, c);
  else multiply(a, b, rows, columns, (int)depth, bias, relu, c);
}

}  // namespace

extern "C" {

// c [batch, rows, columns] = op(a) op(b) (+ bias [columns]) (relu); a has batchA matrices and b batchB, repeated cyclically.
void cp_matmul(const float* a, const float* b, const float* bias, float* c, int32_t batch, int32_t batchA, int32_t batchB,
               int32_t rows, int32_t columns, int32_t depth, int32_t transposeA, int32_t transposeB, int32_t relu) {
  const auto one = [&](int64_t index) {
    const Matrix left = {a + (index % batchA) * rows * depth, transposeA ? 1 : depth, transposeA ? rows : 1};
    const Matrix right = {b + (index % batchB) * depth * columns, transposeB ? 1 : columns, transposeB ? depth : 1};
    product(left, right, rows, columns, depth, bias, relu != 0, c + index * rows * columns);
  };
  const int64_t work = (int64_t)rows * columns * std::max(depth, 1);
  if (batch == 1 || work > 4 * TASK_WORK) {
    for (int64_t index = 0; index < batch; index++) one(index);
    return;
  }
  // Inside a task the pool is taken, so each product runs on its own thread.
  parallelRange(batch, std::max<int64_t>(TASK_WORK / std::max<int64_t>(work, 1), 1), [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; index++) one(index);
  });
}

// y [rows, outputs] = x [rows, inputs] * weight^T [outputs, inputs] (+ bias) (relu).
void cp_linear(const float* x, const float* weight, const float* bias, float* y, int64_t rows, int32_t inputs,
               int32_t outputs, int32_t relu) {
  product({x, inputs, 1}, {weight, 1, inputs}, rows, outputs, inputs, bias, relu != 0, y);
}

// Gradients of cp_linear. y is its result where relu was on, else null; dWeight (and with it dBias) may be null, dBias too.
void cp_linear_gradient(const float* dy, const float* x, const float* weight, const float* y, float* dx, float* dWeight,
                        float* dBias, int64_t rows, int32_t inputs, int32_t outputs) {
  static std::mutex mutex;
  static std::vector<float> maskedMemory, turned;
  std::lock_guard<std::mutex> lock(mutex);
  if (y) {
    float* masked = room(maskedMemory, (size_t)rows * outputs);
    parallelRange(rows * outputs, 1 << 16, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) masked[i] = y[i] > 0 ? dy[i] : 0.0f;
    });
    dy = masked;
  }
  multiply({dy, outputs, 1}, {weight, inputs, 1}, rows, inputs, outputs, nullptr, false, dx);
  if (!dWeight) return;
  if (inputs % W == 0 || outputs % W != 0) {
    multiplyDeep({dy, 1, outputs}, {x, inputs, 1}, outputs, inputs, rows, dWeight);
  } else {
    float* transposed = room(turned, (size_t)inputs * outputs);
    multiplyDeep({x, 1, inputs}, {dy, outputs, 1}, inputs, outputs, rows, transposed);
    transposeCopy(transposed, outputs, inputs, outputs, dWeight, inputs);
  }
  if (!dBias) return;
  std::memset(dBias, 0, outputs * sizeof(float));
  for (int64_t r = 0; r < rows; r++)
    for (int c = 0; c < outputs; c++) dBias[c] += dy[r * outputs + c];
}

}  // extern "C"
