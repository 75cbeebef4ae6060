#include <mutex>

#include "thread-pool.h"
#include "vector.h"

namespace {

constexpr int64_t ROW_NUMBERS = 16384;  // numbers per task

struct RowSums {
  float mean, reciprocal;
};

RowSums rowStatistics(const float* x, int width, float epsilon) {
  Vec total = {};
  float rest = 0;
  int c = 0;
  for (; c + W <= width; c += W) total += load(x + c);
  for (; c < width; c++) rest += x[c];
  const float mean = (sumOf(total) + rest) / width;
  Vec squares = {};
  rest = 0;
  for (c = 0; c + W <= width; c += W) {
    const Vec centred = load(x + c) - mean;
    squares += centred * centred;
  }
  for (; c < width; c++) rest += (x[c] - mean) * (x[c] - mean);
  return {mean, 1.0f / std::sqrt((sumOf(squares) + rest) / width + epsilon)};
}

}  // namespace

extern "C" {

// y = (x - mean) / sqrt(variance + epsilon) * scale + bias for each of `rows` rows of `width` numbers.
void cp_layer_norm(const float* x, const float* scale, const float* bias, float* y, int64_t rows, int width,
                   float epsilon) {
  parallelRange(rows, ROW_NUMBERS / width + 1, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) {
      const float* in = x + r * width;
      float* out = y + r * width;
      const auto [mean, reciprocal] = rowStatistics(in, width, epsilon);
      for (int c = 0; c < width; c++) out[c] = (in[c] - mean) * reciprocal * scale[c] + bias[c];
    }
  });
}

// Gradients of cp_layer_norm; sums over rows are taken in ranges of fixed size and added in order.
void cp_layer_norm_gradient(const float* dy, const float* x, const float* scale, float* dx, float* dScale, float* dBias,
                            int64_t rows, int width, float epsilon) {
  constexpr int RANGES = 16;
  static std::mutex mutex;
  static float* sums = nullptr;
  static size_t room = 0;
  std::lock_guard<std::mutex> lock(mutex);
  const size_t needed = (size_t)RANGES * 2 * width;
  if (needed > room) {
    delete[] sums;
    sums = new float[needed];
    room = needed;
  }
  std::memset(sums, 0, needed * sizeof(float));
  const int ranges = rows * width < ROW_NUMBERS ? 1 : RANGES;
  parallelFor(ranges, [&](int64_t range) {
    float* scaleSums = sums + range * 2 * width;
    float* biasSums = scaleSums + width;
    for (int64_t r = rows * range / ranges; r < rows * (range + 1) / ranges; r++) {
      const float *in = x + r * width, *d = dy + r * width;
      float* out = dx + r * width;
      const auto [mean, reciprocal] = rowStatistics(in, width, epsilon);
      float sum = 0, dot = 0;
      for (int c = 0; c < width; c++) {
        const float unit = (in[c] - mean) * reciprocal;
        sum += d[c] * scale[c];
        dot += d[c] * scale[c] * unit;
        scaleSums[c] += d[c] * unit;
        biasSums[c] += d[c];
      }
      sum /= width;
      dot /= width;
      for (int c = 0; c < width; c++)
        out[c] = reciprocal * (d[c] * scale[c] - sum - (in[c] - mean) * reciprocal * dot);
    }
  });
  std::memset(dScale, 0, width * sizeof(float));
  std::memset(dBias, 0, width * sizeof(float));
  for (int range = 0; range < ranges; range++)
    for (int c = 0; c < width; c++) {
      dScale[c] += sums[range * 2 * width + c];
      dBias[c] += sums[range * 2 * width + width + c];
    }
}

}  // extern "C"
