#include <chrono>

#include "gemm.h"
#include "thread-pool.h"

// Highest rate of fused multiply-adds that the register-blocked product reaches on all threads, on operands that stay in
// the first-level cache; in floating-point operations per second. `rounds` products per thread.
extern "C" double cp_peak_rate(int32_t rounds) {
  constexpr int ROWS = 8, VECTORS = 3, DEPTH = 64;
  const auto work = [&](int64_t) {
    alignas(64) float a[ROWS * DEPTH], b[VECTORS * W * DEPTH], c[ROWS * VECTORS * W];
    for (float& v : a) v = 1e-3f;
    for (float& v : b) v = 1e-3f;
    for (float& v : c) v = 0;
    Gemm g;
    g.rows = ROWS, g.columns = VECTORS, g.depth = DEPTH;
    g.a = a, g.aDepth = ROWS;
    g.b = b, g.bDepth = VECTORS * W;
    g.c = c, g.cRow = VECTORS * W;
    g.start = Start::accumulate;
    for (int round = 0; round < rounds; round++) {
      gemm(g);
      // Results count as read, so that no product can be left out.
      asm volatile("" : : "r"(c) : "memory");
    }
  };
  const auto begin = std::chrono::steady_clock::now();
  parallelFor(threadCount(), work);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return 2.0 * ROWS * VECTORS * W * DEPTH * rounds * threadCount() / seconds;
}
