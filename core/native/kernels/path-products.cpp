#include <cstring>

#include "thread-pool.h"

// Shapes: first, second and out [batch, d, d, C]; all sums are over the middle variable of a path, channel by channel.

namespace {

constexpr int64_t TASK_WORK = 1 << 18;  // multiply-adds that are worth handing to another thread

void add(const float* a, const float* b, int channels, float* out) {
  for (int c = 0; c < channels; c++) out[c] += a[c] * b[c];
}

template <class Body>
void forEachMatrix(int64_t batch, int d, int channels, Body body) {
  const int64_t size = (int64_t)d * d * channels;
  parallelRange(batch, TASK_WORK / (size * d + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; b++) body(b * size);
  });
}

}  // namespace

extern "C" {

// out_ij = sum_k first_ik * second_kj.
void cp_path_products(const float* first, const float* second, float* out, int64_t batch, int32_t d, int32_t channels) {
  forEachMatrix(batch, d, channels, [&](int64_t at) {
    std::memset(out + at, 0, sizeof(float) * d * d * channels);
    for (int i = 0; i < d; i++)
      for (int k = 0; k < d; k++)
        for (int j = 0; j < d; j++)
          add(first + at + (i * d + k) * channels, second + at + (k * d + j) * channels, channels,
              out + at + (i * d + j) * channels);
  });
}

// dFirst_ik = sum_j dy_ij * second_kj, dSecond_kj = sum_i first_ik * dy_ij.
void cp_path_products_gradient(const float* dy, const float* first, const float* second, float* dFirst, float* dSecond,
                               int64_t batch, int32_t d, int32_t channels) {
  forEachMatrix(batch, d, channels, [&](int64_t at) {
    std::memset(dFirst + at, 0, sizeof(float) * d * d * channels);
    std::memset(dSecond + at, 0, sizeof(float) * d * d * channels);
    for (int i = 0; i < d; i++)
      for (int k = 0; k < d; k++)
        for (int j = 0; j < d; j++) {
          const float* g = dy + at + (i * d + j) * channels;
          const int64_t ik = at + (i * d + k) * channels, kj = at + (k * d + j) * channels;
          add(g, second + kj, channels, dFirst + ik);
          add(g, first + ik, channels, dSecond + kj);
        }
  });
}

}  // extern "C"
