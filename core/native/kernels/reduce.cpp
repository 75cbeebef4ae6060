// Reductions over the middle axis of [outer, size, inner], softmax over the last axis, and transposes.
#include <algorithm>

#include "thread-pool.h"
#include "vector-math.h"

namespace {

constexpr int64_t GRAIN = 1 << 15;
constexpr int MAX_RANK = 8;
// A long sum is cut into pieces of this many numbers, whose sums are added in double precision.
constexpr int64_t PIECE = 4096;

float sumRun(const float* x, int64_t size) {
  double total = 0;
  for (int64_t begin = 0; begin < size; begin += PIECE) {
    const int64_t end = std::min(begin + PIECE, size);
    Vec lanes[4] = {};
    int64_t i = begin;
    for (; i + 4 * W <= end; i += 4 * W)
      for (int j = 0; j < 4; j++) lanes[j] += load(x + i + j * W);
    double rest = sumOf((lanes[0] + lanes[1]) + (lanes[2] + lanes[3]));
    for (; i < end; i++) rest += x[i];
    total += rest;
  }
  return (float)total;
}

float maxRun(const float* x, int64_t size) {
  float best = x[0];
  for (int64_t i = 1; i < size; i++) best = x[i] > best || x[i] != x[i] ? x[i] : best;
  return best;
}

void sumRows(const float* x, int64_t size, int64_t inner, float* y) {
  std::fill(y, y + inner, 0.0f);
  for (int64_t r = 0; r < size; r++)
    for (int64_t c = 0; c < inner; c++) y[c] += x[r * inner + c];
}

void maxRows(const float* x, int64_t size, int64_t inner, float* y) {
  std::copy(x, x + inner, y);
  for (int64_t r = 1; r < size; r++)
    for (int64_t c = 0; c < inner; c++) {
      const float v = x[r * inner + c];
      y[c] = v > y[c] || v != v ? v : y[c];
    }
}

// Sum of all rows of a tall [size, inner] in fixed ranges, so that it does not depend on the number of threads.
void sumTall(const float* x, int64_t size, int64_t inner, float* y) {
  constexpr int64_t RANGES = 16;
  float* sums = new float[RANGES * inner];
  parallelFor(RANGES, [&](int64_t range) {
    const int64_t begin = size * range / RANGES, end = size * (range + 1) / RANGES;
    if (inner == 1) sums[range] = sumRun(x + begin, end - begin);
    else sumRows(x + begin * inner, end - begin, inner, sums + range * inner);
  });
  for (int64_t c = 0; c < inner; c++) {
    double total = 0;
    for (int64_t range = 0; range < RANGES; range++) total += sums[range * inner + c];
    y[c] = (float)total;
  }
  delete[] sums;
}

void softmaxRow(const float* x, float* y, int size, bool logarithmic) {
  const float top = maxRun(x, size);
  double total = 0;
  int i = 0;
  for (; i < size; i += W) {
    const int take = std::min(W, size - i);
    Vec v = {};
    std::memcpy(&v, x + i, take * sizeof(float));
    v = exponential(v - top);
    for (int j = 0; j < take; j++) total += v[j];
    std::memcpy(y + i, &v, take * sizeof(float));
  }
  if (logarithmic) {
    const float shift = top + (float)std::log(total);
    for (i = 0; i < size; i++) y[i] = x[i] - shift;
  } else {
    const float factor = (float)(1 / total);
    for (i = 0; i < size; i++) y[i] *= factor;
  }
}

}  // namespace

extern "C" {

// y [outer, inner] from x [outer, size, inner]; operation 0 sum, 1 mean, 2 max (size > 0).
void cp_reduce(int32_t operation, const float* x, float* y, int64_t outer, int64_t size, int64_t inner) {
  if (operation < 2 && outer == 1 && size * inner > 2 * GRAIN) {
    sumTall(x, size, inner, y);
  } else {
    parallelRange(outer, GRAIN / (size * inner + 1) + 1, [&](int64_t begin, int64_t end) {
      for (int64_t o = begin; o < end; o++) {
        const float* from = x + o * size * inner;
        float* to = y + o * inner;
        if (inner == 1) *to = operation == 2 ? maxRun(from, size) : sumRun(from, size);
        else if (operation == 2) maxRows(from, size, inner, to);
        else sumRows(from, size, inner, to);
      }
    });
  }
  if (operation == 1)
    for (int64_t i = 0; i < outer * inner; i++) y[i] /= (float)size;
}

// Softmax (or its logarithm) over rows of `size` numbers.
void cp_softmax(const float* x, float* y, int64_t rows, int32_t size, int32_t logarithmic) {
  parallelRange(rows, GRAIN / 8 / (size + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) softmaxRow(x + r * size, y + r * size, size, logarithmic != 0);
  });
}

// y = x with axes permuted; layout = sizes of y's axes, then the strides of x along them. The last two axes of y may be a
// block transpose, the case of matrices.
void cp_transpose(const float* x, float* y, int32_t rank, const int32_t* layout) {
  int64_t sizes[MAX_RANK], strides[MAX_RANK], outer = 1;
  for (int axis = 0; axis < rank; axis++) sizes[axis] = layout[axis], strides[axis] = layout[rank + axis];
  const bool blocks = rank >= 2 && strides[rank - 1] != 1 && strides[rank - 2] == 1;
  const int outerRank = blocks ? rank - 2 : rank - 1;
  for (int axis = 0; axis < outerRank; axis++) outer *= sizes[axis];
  const int64_t last = sizes[rank - 1], step = strides[rank - 1], chunk = blocks ? last * sizes[rank - 2] : last;
  parallelRange(outer, GRAIN / (chunk + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; index++) {
      int64_t rest = index, offset = 0;
      for (int axis = outerRank - 1; axis >= 0; axis--) {
        offset += rest % sizes[axis] * strides[axis];
        rest /= sizes[axis];
      }
      float* to = y + index * chunk;
      const float* from = x + offset;
      if (blocks) transposeCopy(from, step, (int)last, (int)sizes[rank - 2], to, last);
      else if (step == 1) std::memcpy(to, from, last * sizeof(float));
      else
        for (int64_t i = 0; i < last; i++) to[i] = from[i * step];
    }
  });
}

}  // extern "C"
