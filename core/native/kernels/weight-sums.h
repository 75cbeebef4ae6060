#pragma once
#include "encoder.h"

// Sums of weight gradients over tiles. Matrices have padded rows of D; the two whose rows would not be D are transposed.
// Vectors over tokens are summed at the end: W numbers for each entry of a bias or norm parameter.
struct WeightSums {
  float *inWeight, *outTransposed, *ff1Weight, *ff2Transposed;      // [3A, Dp], [A, Dp], [F, Dp], [F, Dp]
  float *inBias, *outBias, *ff1Bias, *ff2Bias;                      // [3A, W], [D, W], [F, W], [D, W]
  float *norm1Scale, *norm1Bias, *norm2Scale, *norm2Bias;           // [D, W]

  static size_t numbers(const EncoderSizes& z) {
    return (size_t)(4 * z.attention + 2 * z.hidden) * z.paddedWidth() +
           (size_t)(3 * z.attention + z.hidden + 6 * z.width) * W;
  }

  WeightSums(const EncoderSizes& z, float* memory) {
    const auto take = [&](size_t numbers) {
      float* taken = memory;
      memory += numbers;
      return taken;
    };
    const size_t row = z.paddedWidth();
    inWeight = take(3 * z.attention * row);
    outTransposed = take(z.attention * row);
    ff1Weight = take(z.hidden * row);
    ff2Transposed = take(z.hidden * row);
    inBias = take((size_t)3 * z.attention * W);
    ff1Bias = take((size_t)z.hidden * W);
    outBias = take((size_t)z.width * W);
    ff2Bias = take((size_t)z.width * W);
    norm1Scale = take((size_t)z.width * W);
    norm1Bias = take((size_t)z.width * W);
    norm2Scale = take((size_t)z.width * W);
    norm2Bias = take((size_t)z.width * W);
  }
};

// Adds the sums of all ranges, which lie one after another in `memory`, in order and writes them in the layout of the weights.
void writeSums(const EncoderSizes& sizes, float* memory, int ranges, const EncoderWeights<float*>& out);
