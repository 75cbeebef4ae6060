#include "gemm.h"
#include "thread-pool.h"

// The highest rate of fused multiply-adds that can be had: `rounds` register-blocked products on operands that stay in the
// first-level cache, on every thread. Returns the number of floating-point operations; the caller takes the time.
extern "C" double cp_peak_operations(int32_t rounds) {
  constexpr int ROWS = 8, VECTORS = 3, DEPTH = 64;
  parallelFor(threadCount(), [&](int64_t) {
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
  });
  return 2.0 * ROWS * VECTORS * W * DEPTH * rounds * threadCount();
}
