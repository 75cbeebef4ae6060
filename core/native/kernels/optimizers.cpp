#include <cmath>

#include "vector.h"

namespace {

double norm(const float* x, int64_t size) {
  constexpr int LANES = 8;
  double lanes[LANES] = {};
  int64_t i = 0;
  for (; i + LANES <= size; i += LANES)
    for (int j = 0; j < LANES; j++) lanes[j] += (double)x[i + j] * x[i + j];
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  for (; i < size; i++) sum += (double)x[i] * x[i];
  return std::sqrt(sum);
}

}  // namespace

extern "C" {

double cp_norm(const float* x, int64_t size) { return norm(x, size); }

struct MomentConstants {
  float learningRate, beta1, beta2, epsilon, weightDecay, meanCorrection, varianceCorrection, gradientScale;
};

// Adam on one tensor, in place; constants are those of MomentConstants.
void cp_adam(float* parameter, const float* gradient, float* mean, float* variance, int64_t size, const float* constants) {
  MomentConstants k;
  std::memcpy(&k, constants, sizeof k);
  for (int64_t i = 0; i < size; i++) {
    const float g = gradient[i] * k.gradientScale;
    const float m = mean[i] * k.beta1 + g * (1 - k.beta1);
    const float v = variance[i] * k.beta2 + g * g * (1 - k.beta2);
    mean[i] = m;
    variance[i] = v;
    parameter[i] -= k.learningRate * (m * k.meanCorrection) / (std::sqrt(v * k.varianceCorrection) + k.epsilon);
  }
}

// LAMB on one tensor, in place; `direction` is scratch of the same size.
void cp_lamb(float* parameter, const float* gradient, float* mean, float* variance, float* direction, int64_t size,
             const float* constants) {
  MomentConstants k;
  std::memcpy(&k, constants, sizeof k);
  for (int64_t i = 0; i < size; i++) {
    const float g = gradient[i] * k.gradientScale;
    const float m = mean[i] * k.beta1 + g * (1 - k.beta1);
    const float v = variance[i] * k.beta2 + g * g * (1 - k.beta2);
    mean[i] = m;
    variance[i] = v;
    direction[i] =
        m * k.meanCorrection / (std::sqrt(v * k.varianceCorrection) + k.epsilon) + k.weightDecay * parameter[i];
  }
  const double parameterNorm = norm(parameter, size), directionNorm = norm(direction, size);
  const double trust = parameterNorm > 0 && directionNorm > 0 ? parameterNorm / directionNorm : 1.0;
  const float rate = (float)(k.learningRate * trust);
  for (int64_t i = 0; i < size; i++) parameter[i] -= rate * direction[i];
}

// target <- (1 - rate) * target + rate * source.
void cp_polyak(float* target, const float* source, int64_t size, float rate) {
  for (int64_t i = 0; i < size; i++) target[i] = (1 - rate) * target[i] + rate * source[i];
}

}  // extern "C"
