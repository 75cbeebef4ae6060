// The register-blocked matrix product on which every kernel here rests: C[m][v] = start + sum over k of A(m, k) * B[k][v].
// Vectors run along the columns of B and C, which the caller pads to whole vectors; A is read one number at a time.
#pragma once
#include "vector.h"

enum class Start { zero, bias, accumulate, residual };

struct Gemm {
  int rows = 0;     // m
  int columns = 0;  // in vectors
  int depth = 0;    // k
  const float* a = nullptr;
  ptrdiff_t aRow = 1, aDepth = 1;
  const float* b = nullptr;
  ptrdiff_t bDepth = 0;
  float* c = nullptr;
  ptrdiff_t cRow = 0;
  Start start = Start::zero;
  const float* bias = nullptr;      // [m]; added for Start::bias, and for Start::residual where given
  const float* residual = nullptr;  // strided like c
  bool relu = false;
};

// What may be done to a block of results before it is stored: apply(block, first row, first vector).
struct Plain {
  template <int MR, int NV>
  void apply(Vec (&)[MR][NV], int, int) const {}
};

template <int MR, int NV, bool unitRow, class Finish>
static inline void gemmBlock(const Gemm& g, const Finish& finish, int m, int v) {
  Vec acc[MR][NV];
  const ptrdiff_t cOffset = m * g.cRow + (ptrdiff_t)v * W;
  if (g.start == Start::zero) {
#pragma GCC unroll 16
    for (int i = 0; i < MR; i++)
#pragma GCC unroll 16
      for (int j = 0; j < NV; j++) acc[i][j] = Vec{};
  } else if (g.start == Start::bias) {
#pragma GCC unroll 16
    for (int i = 0; i < MR; i++)
#pragma GCC unroll 16
      for (int j = 0; j < NV; j++) acc[i][j] = splat(g.bias[m + i]);
  } else {
    const float* from = (g.start == Start::residual ? g.residual : g.c) + cOffset;
#pragma GCC unroll 16
    for (int i = 0; i < MR; i++)
#pragma GCC unroll 16
      for (int j = 0; j < NV; j++) {
        acc[i][j] = load(from + i * g.cRow + j * W);
        if (g.bias) acc[i][j] += g.bias[m + i];
      }
  }
  const ptrdiff_t aRow = unitRow ? 1 : g.aRow;
  const float* a = g.a + m * aRow;
  const float* b = g.b + (ptrdiff_t)v * W;
  for (int k = 0; k < g.depth; k++) {
    Vec column[NV];
#pragma GCC unroll 16
    for (int j = 0; j < NV; j++) column[j] = load(b + j * W);
#pragma GCC unroll 16
    for (int i = 0; i < MR; i++) {
      const Vec scalar = splat(a[i * aRow]);
#pragma GCC unroll 16
      for (int j = 0; j < NV; j++) acc[i][j] += scalar * column[j];
    }
    a += g.aDepth;
    b += g.bDepth;
  }
  finish.apply(acc, m, v);
  float* c = g.c + cOffset;
  if (g.relu) {
#pragma GCC unroll 16
    for (int i = 0; i < MR; i++)
#pragma GCC unroll 16
      for (int j = 0; j < NV; j++) acc[i][j] = maxOf(acc[i][j], Vec{});
  }
  for (int i = 0; i < MR; i++)
#pragma GCC unroll 16
    for (int j = 0; j < NV; j++) store(c + i * g.cRow + j * W, acc[i][j]);
}

// Rows per block for a given number of column vectors, so that accumulators fill the registers.
#if defined(__AVX512F__)
constexpr int blockRows(int vectors) { return vectors == 1 ? 12 : vectors == 2 ? 12 : vectors == 3 ? 8 : 6; }
constexpr int MAX_VECTORS = 4;
#else
constexpr int blockRows(int vectors) { return vectors == 1 ? 8 : vectors == 2 ? 6 : 4; }
constexpr int MAX_VECTORS = 3;
#endif

template <int MR, int NV, bool unitRow, class Finish>
static inline void gemmRemainder(const Gemm& g, const Finish& finish, int m, int left, int v) {
  if constexpr (MR > 0) {
    if (left == MR) gemmBlock<MR, NV, unitRow>(g, finish, m, v);
    else gemmRemainder<MR - 1, NV, unitRow>(g, finish, m, left, v);
  }
}

template <int NV, bool unitRow, class Finish>
static inline void gemmPanel(const Gemm& g, const Finish& finish, int v) {
  constexpr int MR = blockRows(NV);
  // An even split avoids a last block too small to hide the latency of the multiply-adds.
  const int blocks = (g.rows + MR - 1) / MR;
  int m = 0;
  for (int block = 0; block < blocks; block++) {
    const int left = (g.rows - m + blocks - block - 1) / (blocks - block);
    if (left == MR) gemmBlock<MR, NV, unitRow>(g, finish, m, v);
    else gemmRemainder<MR - 1, NV, unitRow>(g, finish, m, left, v);
    m += left;
  }
}

template <bool unitRow, class Finish>
static inline void gemmColumns(const Gemm& g, const Finish& finish) {
  int v = 0;
  while (v < g.columns) {
    int take = g.columns - v;
    if (take > MAX_VECTORS) take = take < 2 * MAX_VECTORS ? (take + 1) / 2 : MAX_VECTORS;
    if (take == 4) {
      if constexpr (MAX_VECTORS >= 4) gemmPanel<4, unitRow>(g, finish, v);
    } else if (take == 3) gemmPanel<3, unitRow>(g, finish, v);
    else if (take == 2) gemmPanel<2, unitRow>(g, finish, v);
    else gemmPanel<1, unitRow>(g, finish, v);
    v += take;
  }
}

template <class Finish>
static inline void gemm(const Gemm& g, const Finish& finish) {
  if (g.aRow == 1) gemmColumns<true>(g, finish);
  else gemmColumns<false>(g, finish);
}

static inline void gemm(const Gemm& g) { gemm(g, Plain{}); }
