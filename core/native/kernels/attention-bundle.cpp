// Attention in bundles: a vector holds one position of W sequences.
#include <algorithm>

#include "attention-head.h"

namespace {

// out(i, j) = finish(sum over features of a(feature, i) * b(feature, j)), lane by lane.
template <int I, int J, class Finish>
void bundleScoreBlock(const float* a, const float* b, ptrdiff_t row, int features, float* out, ptrdiff_t outRow, int i,
                      int j, const Finish& finish) {
  Vec acc[I][J] = {};
  for (int c = 0; c < features; c++) {
    Vec right[J];
#pragma GCC unroll 8
    for (int q = 0; q < J; q++) right[q] = load(b + c * row + (j + q) * W);
#pragma GCC unroll 8
    for (int p = 0; p < I; p++) {
      const Vec left = load(a + c * row + (i + p) * W);
#pragma GCC unroll 8
      for (int q = 0; q < J; q++) acc[p][q] += left * right[q];
    }
  }
#pragma GCC unroll 8
  for (int p = 0; p < I; p++) {
    float* to = out + (i + p) * outRow + j * W;
    finish.apply(acc[p], i + p, to);
#pragma GCC unroll 8
    for (int q = 0; q < J; q++) store(to + q * W, acc[p][q]);
  }
}

template <class Finish>
void bundleScores(const float* a, const float* b, ptrdiff_t row, int features, int positions, float* out,
                  const Finish& finish) {
  const ptrdiff_t outRow = (ptrdiff_t)positions * W;
  int i = 0;
  for (; i + 2 <= positions; i += 2) {
    int j = 0;
    for (; j + 5 <= positions; j += 5) bundleScoreBlock<2, 5>(a, b, row, features, out, outRow, i, j, finish);
    for (; j < positions; j++) bundleScoreBlock<2, 1>(a, b, row, features, out, outRow, i, j, finish);
  }
  for (; i < positions; i++)
    for (int j = 0; j < positions; j++) bundleScoreBlock<1, 1>(a, b, row, features, out, outRow, i, j, finish);
}

struct BundlePlain {
  template <int J>
  void apply(Vec (&)[J], int, const float*) const {}
};

struct BundlePowers {
  float* sums;  // [positions, lanes]
  template <int J>
  void apply(Vec (&scores)[J], int i, const float*) const {
    Vec sum = load(sums + i * W);
#pragma GCC unroll 8
    for (int q = 0; q < J; q++) {
      scores[q] = exp2Bounded(scores[q]);
      sum += scores[q];
    }
    store(sums + i * W, sum);
  }
};

struct BundleSoftmaxGradient {
  const float *powers, *out;  // laid out alike
  const float* shift;         // [positions, lanes]
  template <int J>
  void apply(Vec (&scores)[J], int i, const float* to) const {
    const Vec less = load(shift + i * W);
#pragma GCC unroll 8
    for (int q = 0; q < J; q++) scores[q] = load(powers + (to - out) + q * W) * (scores[q] - less);
  }
};

template <int I, int C>
void bundleMixBlock(const float* mix, ptrdiff_t mixOut, ptrdiff_t mixDepth, const float* b, ptrdiff_t row, int positions,
                    float* out) {
  Vec acc[I][C] = {};
  for (int j = 0; j < positions; j++) {
    Vec right[C];
#pragma GCC unroll 8
    for (int c = 0; c < C; c++) right[c] = load(b + c * row + j * W);
#pragma GCC unroll 8
    for (int i = 0; i < I; i++) {
      const Vec left = load(mix + i * mixOut + j * mixDepth);
#pragma GCC unroll 8
      for (int c = 0; c < C; c++) acc[i][c] += left * right[c];
    }
  }
#pragma GCC unroll 8
  for (int c = 0; c < C; c++)
#pragma GCC unroll 8
    for (int i = 0; i < I; i++) store(out + c * row + i * W, acc[i][c]);
}

// out(feature, i) = sum over j of mix(i, j) * b(feature, j), lane by lane.
void bundleMix(const float* mix, ptrdiff_t mixOut, ptrdiff_t mixDepth, const float* b, ptrdiff_t row, int features,
               int positions, float* out) {
  int c = 0;
  for (; c + 4 <= features; c += 4) {
    int i = 0;
    for (; i + 2 <= positions; i += 2)
      bundleMixBlock<2, 4>(mix + i * mixOut, mixOut, mixDepth, b + c * row, row, positions, out + c * row + i * W);
    for (; i < positions; i++)
      bundleMixBlock<1, 4>(mix + i * mixOut, mixOut, mixDepth, b + c * row, row, positions, out + c * row + i * W);
  }
  for (; c < features; c++)
    for (int i = 0; i < positions; i++)
      bundleMixBlock<1, 1>(mix + i * mixOut, mixOut, mixDepth, b + c * row, row, positions, out + c * row + i * W);
}

void bundlePowers(const HeadRows& head, int positions, float* p, float* reciprocals) {
  if (scoresAreSafe(head)) {
    std::fill(reciprocals, reciprocals + positions * W, 0.0f);
    bundleScores(head.query, head.key, head.row, head.size, positions, p, BundlePowers{reciprocals});
  } else {
    bundleScores(head.query, head.key, head.row, head.size, positions, p, BundlePlain{});
    for (int i = 0; i < positions; i++)
      stablePowers(p + (ptrdiff_t)i * positions * W, positions, W, 1, reciprocals + i * W);
  }
  for (int i = 0; i < positions * W; i += W) store(reciprocals + i, 1.0f / load(reciprocals + i));
}

}  // namespace

void attendBundle(const HeadRows& head, const Tile& tile, float* p, float* reciprocals, float* context) {
  const int S = tile.positions;
  bundlePowers(head, S, p, reciprocals);
  bundleMix(p, (ptrdiff_t)S * W, W, head.value, head.row, head.size, S, context);
  scaleColumns(context, head.size, head.row, S, reciprocals);
}

void bundleGradient(const HeadRows& head, int S, const float* p, const float* dContext, const float* shift,
                    HeadGradients out, float* ds) {
  const ptrdiff_t line = (ptrdiff_t)S * W;
  bundleScores(dContext, head.value, head.row, head.size, S, ds, BundleSoftmaxGradient{p, ds, shift});
  bundleMix(ds, line, W, head.key, head.row, head.size, S, out.query);
  bundleMix(ds, W, line, head.query, head.row, head.size, S, out.key);
  bundleMix(p, W, line, dContext, head.row, head.size, S, out.value);
}
