#include "thread-pool.h"
#include "vector.h"

extern "C" {

// Max over rows of x [batch, rows, size] where mask [batch, rows] (or null) is positive: y [batch, size], and the first row
// that attains it, or -1 where there is none.
void cp_masked_max_pool(const float* x, const float* mask, float* y, int32_t* winner, int64_t batch, int rows, int size) {
  parallelRange(batch, 32768 / ((int64_t)rows * size + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; b++) {
      float* best = y + b * size;
      int32_t* at = winner + b * size;
      for (int c = 0; c < size; c++) best[c] = 0, at[c] = -1;
      bool first = true;
      for (int r = 0; r < rows; r++) {
        if (mask && !(mask[b * rows + r] > 0)) continue;
        const float* row = x + (b * rows + r) * size;
        if (first) {
          for (int c = 0; c < size; c++) best[c] = row[c], at[c] = r;
          first = false;
          continue;
        }
        for (int c = 0; c < size; c++) {
          const bool better = row[c] > best[c];
          best[c] = better ? row[c] : best[c];
          at[c] = better ? r : at[c];
        }
      }
    }
  });
}

// dx [batch, rows, size]: dy at the winning row, 0 elsewhere.
void cp_masked_max_pool_gradient(const float* dy, const int32_t* winner, float* dx, int64_t batch, int rows, int size) {
  parallelRange(batch, 32768 / ((int64_t)rows * size + 1) + 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; b++)
      for (int r = 0; r < rows; r++) {
        float* out = dx + (b * rows + r) * size;
        for (int c = 0; c < size; c++) out[c] = winner[b * size + c] == r ? dy[b * size + c] : 0.0f;
      }
  });
}

}  // extern "C"
