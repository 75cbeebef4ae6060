// The gradients of an encoder layer's weights from the sums that the kernels of encoder-weights.cuh made.
#include "encoder-sums.cuh"

namespace {

struct WeightGradients {
  float *norm1Scale, *norm1Bias, *inWeight, *inBias, *outWeight, *outBias, *norm2Scale, *norm2Bias, *ff1Weight, *ff1Bias,
      *ff2Weight, *ff2Bias;
};

// A matrix behind a layer norm.
struct BehindNorm {
  const float *scale, *bias, *weight;  // [D], [D], [features, D]
  const float *unitSums, *sums;        // U and s
  int width, features;

  __device__ float matrix(int place) const {
    return unitSums[place] * scale[place % width] + sums[place / width] * bias[place % width];
  }
  __device__ float normScale(int column) const {
    float sum = 0;
    for (int f = 0; f < features; f++) sum += unitSums[f * width + column] * weight[f * width + column];
    return sum;
  }
  __device__ float normBias(int column) const {
    float sum = 0;
    for (int f = 0; f < features; f++) sum += sums[f] * weight[f * width + column];
    return sum;
  }
};

}  // namespace

// The twelve gradients from the sums over all ranges; one thread per number of the sums.
extern "C" __global__ void encoder_weight_gradients(EncoderCall call, const float* total, const float* norm1Scale,
                                                    const float* norm1Bias, const float* inWeight, const float* norm2Scale,
                                                    const float* norm2Bias, const float* ff1Weight, WeightGradients to) {
  const Sizes& z = call.sizes;
  const SumsLayout sums(z);
  const int place = blockIdx.x * blockDim.x + threadIdx.x, D = z.width, A = z.attention, F = z.hidden;
  if (place >= sums.numbers) return;
  const BehindNorm in = {norm1Scale, norm1Bias, inWeight, total + sums.in, total + sums.inBias, D, 3 * A};
  const BehindNorm ff1 = {norm2Scale, norm2Bias, ff1Weight, total + sums.ff1, total + sums.ff1Bias, D, F};
  if (place < sums.inBias) to.inWeight[place] = in.matrix(place);
  else if (place < sums.out) to.inBias[place - sums.inBias] = total[place];
  else if (place < sums.outBias) {
    const int at = place - sums.out;
    to.outWeight[at % D * A + at / D] = total[place];
  } else if (place < sums.ff1) {
    const int column = place - sums.outBias;
    to.outBias[column] = total[place];
    to.norm1Scale[column] = in.normScale(column);
    to.norm1Bias[column] = in.normBias(column);
  } else if (place < sums.ff1Bias) to.ff1Weight[place - sums.ff1] = ff1.matrix(place - sums.ff1);
  else if (place < sums.ff2) to.ff1Bias[place - sums.ff1Bias] = total[place];
  else if (place < sums.ff2Bias) {
    const int at = place - sums.ff2;
    to.ff2Weight[at % D * F + at / D] = total[place];
  } else {
    const int column = place - sums.ff2Bias;
    to.ff2Bias[column] = total[place];
    to.norm2Scale[column] = ff1.normScale(column);
    to.norm2Bias[column] = ff1.normBias(column);
  }
}
