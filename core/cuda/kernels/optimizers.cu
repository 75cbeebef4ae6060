// Optimiser steps on whole lists of tensors: one launch for all of them, since most of our tensors are far too small to
// fill a device. What changes between steps (constants) is read from device memory, so that a captured graph can be
// replayed; so are the addresses, which a graph keeps.
#include "device.cuh"
#include "warp.cuh"

namespace {

// MOMENT_CONSTANTS of core/tensor/optimizer-state.ts.
struct MomentConstants {
  float learningRate, beta1, beta2, epsilon, weightDecay, meanCorrection, varianceCorrection, clipNorm;
};

struct Step : MomentConstants {
  float gradientScale;
  bool isFinite;  // nothing may change where this is false
};

// The constants with the scale that clips the global norm, which every block works out for itself.
__device__ Step stepOf(const float* constants, const float* norms, int count, double* scratch) {
  double squares = 0;
  for (int i = threadIdx.x; i < count; i += blockDim.x) squares += (double)norms[i] * norms[i];
  const double norm = sqrt(blockSum(squares, scratch));
  Step step = {*(const MomentConstants*)constants, 1.0f, norm < (double)INFINITY};
  if (norm > step.clipNorm) step.gradientScale = (float)(step.clipNorm / norm);
  return step;
}

__device__ float* tensorOf(const long long* table, int row, int columns, int column) {
  return (float*)table[(long long)row * columns + column];
}

// Updates both moments of element i and returns Adam's direction.
__device__ float momentStep(const Step& k, float gradient, float* mean, float* variance) {
  const float g = gradient * k.gradientScale;
  *mean = *mean * k.beta1 + g * (1 - k.beta1);
  *variance = *variance * k.beta2 + g * g * (1 - k.beta2);
  return *mean * k.meanCorrection / (sqrtf(*variance * k.varianceCorrection) + k.epsilon);
}

// Thread's first element of its tensor and the step to the next.
__device__ long long firstElement() { return blockIdx.x * (long long)blockDim.x + threadIdx.x; }
__device__ long long elementStep() { return gridDim.x * (long long)blockDim.x; }

}  // namespace

// Euclidean norm of each tensor; table [count, 2] of address and size, a block per tensor.
extern "C" __global__ void tensor_norms(const long long* table, float* norms) {
  __shared__ double scratch[WARP];
  const float* x = tensorOf(table, blockIdx.x, 2, 0);
  const long long size = table[(long long)blockIdx.x * 2 + 1];
  double sum = 0;
  for (long long i = threadIdx.x; i < size; i += blockDim.x) sum += (double)x[i] * x[i];
  sum = blockSum(sum, scratch);
  if (threadIdx.x == 0) norms[blockIdx.x] = (float)sqrt(sum);
}

// Adam in place; table [count, 5] of parameter, gradient, mean, variance and size, a row of blocks (blockIdx.y) per tensor;
// `norms` [count] are those of the gradients, `constants` MomentConstants. Nothing changes where a norm is not finite.
extern "C" __global__ void adam_step(const long long* table, const float* norms, const float* constants, int count) {
  __shared__ double scratch[WARP];
  const long long size = table[(long long)blockIdx.y * 5 + 4];
  if (blockIdx.x * (long long)blockDim.x >= size) return;
  const Step k = stepOf(constants, norms, count, scratch);
  if (!k.isFinite) return;
  float* parameter = tensorOf(table, blockIdx.y, 5, 0);
  const float* gradient = tensorOf(table, blockIdx.y, 5, 1);
  float *mean = tensorOf(table, blockIdx.y, 5, 2), *variance = tensorOf(table, blockIdx.y, 5, 3);
  for (long long i = firstElement(); i < size; i += elementStep())
    parameter[i] -= k.learningRate * momentStep(k, gradient[i], mean + i, variance + i);
}

// LAMB in place; arguments as adam_step, but one block per tensor, since the change waits for two norms of the whole.
extern "C" __global__ void lamb_step(const long long* table, const float* norms, const float* constants, int count) {
  __shared__ double scratch[WARP];
  const Step k = stepOf(constants, norms, count, scratch);
  if (!k.isFinite) return;
  float* parameter = tensorOf(table, blockIdx.x, 5, 0);
  const float* gradient = tensorOf(table, blockIdx.x, 5, 1);
  float *mean = tensorOf(table, blockIdx.x, 5, 2), *variance = tensorOf(table, blockIdx.x, 5, 3);
  const long long size = table[(long long)blockIdx.x * 5 + 4];
  double parameterSquares = 0, directionSquares = 0;
  for (long long i = threadIdx.x; i < size; i += blockDim.x) {
    const float direction = momentStep(k, gradient[i], mean + i, variance + i) + k.weightDecay * parameter[i];
    parameterSquares += (double)parameter[i] * parameter[i];
    directionSquares += (double)direction * direction;
  }
  const double parameterNorm = sqrt(blockSum(parameterSquares, scratch));
  const double directionNorm = sqrt(blockSum(directionSquares, scratch));
  const double trust = parameterNorm > 0 && directionNorm > 0 ? parameterNorm / directionNorm : 1.0;
  const float rate = (float)(k.learningRate * trust);
  for (long long i = threadIdx.x; i < size; i += blockDim.x) {
    const float scaled = mean[i] * k.meanCorrection / (sqrtf(variance[i] * k.varianceCorrection) + k.epsilon);
    parameter[i] -= rate * (scaled + k.weightDecay * parameter[i]);
  }
}

// target <- (1 - rate) * target + rate * source; table [count, 3] of target, source and size, a row of blocks per tensor.
// Nothing changes where the rate, one number in memory, is not finite.
extern "C" __global__ void polyak_step(const long long* table, const float* rateInMemory) {
  const float rate = *rateInMemory;
  if (!(fabsf(rate) < INFINITY)) return;
  float* target = tensorOf(table, blockIdx.y, 3, 0);
  const float* source = tensorOf(table, blockIdx.y, 3, 1);
  const long long size = table[(long long)blockIdx.y * 3 + 2];
  for (long long i = firstElement(); i < size; i += elementStep()) target[i] = (1 - rate) * target[i] + rate * source[i];
}
