#include "weight-sums.h"

#include "thread-pool.h"

namespace {

void copyRows(const float* from, int rows, int width, int rowSize, float* to) {
  for (int r = 0; r < rows; r++) std::memcpy(to + (size_t)r * width, from + (size_t)r * rowSize, width * sizeof(float));
}

void copySums(const float* from, int count, float* to) {
  for (int i = 0; i < count; i++) to[i] = sumOf(load(from + i * W));
}

}  // namespace

void writeSums(const EncoderSizes& z, float* memory, int ranges, const EncoderWeights<float*>& out) {
  const size_t numbers = WeightSums::numbers(z);
  parallelRange((int64_t)numbers / W, 4096, [&](int64_t begin, int64_t end) {
    for (int r = 1; r < ranges; r++)
      for (int64_t i = begin * W; i < end * W; i += W)
        store(memory + i, load(memory + i) + load(memory + r * numbers + i));
  });
  const WeightSums sums(z, memory);
  const int row = z.paddedWidth();
  copyRows(sums.inWeight, 3 * z.attention, z.width, row, out.inWeight);
  copyRows(sums.ff1Weight, z.hidden, z.width, row, out.ff1Weight);
  transposeCopy(sums.outTransposed, row, z.attention, z.width, out.outWeight, z.attention);
  transposeCopy(sums.ff2Transposed, row, z.hidden, z.width, out.ff2Weight, z.hidden);
  copySums(sums.inBias, 3 * z.attention, out.inBias);
  copySums(sums.outBias, z.width, out.outBias);
  copySums(sums.ff1Bias, z.hidden, out.ff1Bias);
  copySums(sums.ff2Bias, z.width, out.ff2Bias);
  copySums(sums.norm1Scale, z.width, out.norm1Scale);
  copySums(sums.norm1Bias, z.width, out.norm1Bias);
  copySums(sums.norm2Scale, z.width, out.norm2Scale);
  copySums(sums.norm2Bias, z.width, out.norm2Bias);
}
