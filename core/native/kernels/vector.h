// Vector types of the width that the compiler targets, and the few functions on them that the kernels share.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#if defined(__AVX__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
constexpr int W = 16;
#elif defined(__AVX__)
constexpr int W = 8;
#else
constexpr int W = 4;
#endif

typedef float Vec __attribute__((vector_size(W * 4)));
typedef int32_t VecInt __attribute__((vector_size(W * 4)));
typedef uint32_t VecWord __attribute__((vector_size(W * 4)));
typedef float VecLoose __attribute__((vector_size(W * 4), aligned(4), may_alias));

constexpr int roundUp(int n) { return (n + W - 1) / W * W; }

static inline Vec load(const float* p) { return *(const VecLoose*)p; }
static inline void store(float* p, Vec v) { *(VecLoose*)p = v; }

// A plain `Vec{} + x` would add: adding to zero is not the identity for -0.
static inline Vec splat(float x) {
#if defined(__AVX512F__)
  return (Vec)_mm512_set1_ps(x);
#elif defined(__AVX__)
  return (Vec)_mm256_set1_ps(x);
#else
  return Vec{x, x, x, x};
#endif
}

static inline Vec maxOf(Vec a, Vec b) {
#if defined(__AVX512F__)
  return (Vec)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(__AVX__)
  return (Vec)_mm256_max_ps((__m256)a, (__m256)b);
#else
  return a > b ? a : b;
#endif
}

static inline float largestOf(Vec v) {
  float best = v[0];
  for (int i = 1; i < W; i++) best = v[i] > best ? v[i] : best;
  return best;
}

static inline float sumOf(Vec v) {
  float total = 0;
  for (int i = 0; i < W; i++) total += v[i];
  return total;
}

static inline Vec reciprocalSquareRoot(Vec v) {
#if defined(__AVX512F__)
  return 1.0f / (Vec)_mm512_sqrt_ps((__m512)v);
#elif defined(__AVX__)
  return 1.0f / (Vec)_mm256_sqrt_ps((__m256)v);
#else
  for (int i = 0; i < W; i++) v[i] = 1.0f / std::sqrt(v[i]);
  return v;
#endif
}

// 2^x for |x| < 126. Rounding to the nearest integer by adding 1.5 * 2^23 leaves the integer in the low bits, from where it
// goes to the exponent; the rest is a minimax polynomial of relative error 7.5e-8 (Remez).
static inline Vec exp2Bounded(Vec x) {
  const Vec magic = splat(12582912.0f);
  const Vec shifted = x + magic;
  const Vec r = x - (shifted - magic);
  Vec p = splat(0.0013276471979286704f);
  p = p * r + 0.009675541334209831f;
  p = p * r + 0.05550713273543075f;
  p = p * r + 0.2402211972384865f;
  p = p * r + 0.693146967064733f;
  p = p * r + 1.0f;
  return (Vec)((VecInt)p + ((VecInt)shifted << 23));
}

// 2^x for x <= 0; below -126 the result stays near the smallest normal number.
static inline Vec exp2NonPositive(Vec x) { return exp2Bounded(maxOf(x, splat(-126.0f))); }

// In-place transpose of a W x W block.
#if defined(__AVX512F__)
static inline void transposeBlock(Vec* v) {
  Vec t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = (Vec)_mm512_unpacklo_ps((__m512)v[i], (__m512)v[i + 1]);
    t[i + 1] = (Vec)_mm512_unpackhi_ps((__m512)v[i], (__m512)v[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    for (int half = 0; half < 2; half++) {
      const __m512d low = (__m512d)t[i + half], high = (__m512d)t[i + 2 + half];
      v[i + 2 * half] = (Vec)_mm512_unpacklo_pd(low, high);
      v[i + 2 * half + 1] = (Vec)_mm512_unpackhi_pd(low, high);
    }
  }
  for (int i = 0; i < 4; i++) {
    for (int group = 0; group < 16; group += 8) {
      const __m512 low = (__m512)v[group + i], high = (__m512)v[group + 4 + i];
      t[group + i] = (Vec)_mm512_shuffle_f32x4(low, high, 0x88);
      t[group + 4 + i] = (Vec)_mm512_shuffle_f32x4(low, high, 0xdd);
    }
  }
  for (int i = 0; i < 8; i++) {
    const __m512 low = (__m512)t[i], high = (__m512)t[8 + i];
    v[i] = (Vec)_mm512_shuffle_f32x4(low, high, 0x88);
    v[8 + i] = (Vec)_mm512_shuffle_f32x4(low, high, 0xdd);
  }
}
#else
static inline void transposeBlock(Vec* v) {
  Vec t[W];
  for (int i = 0; i < W; i++)
    for (int j = 0; j < W; j++) t[j][i] = v[i][j];
  std::memcpy(v, t, sizeof t);
}
#endif

// Copies the transpose of a [rows, columns] block: to[c * toStride + r] = from[r * fromStride + c].
static inline void transposeCopy(const float* from, ptrdiff_t fromStride, int rows, int columns, float* to,
                                 ptrdiff_t toStride) {
  int r = 0;
  for (; r + W <= rows; r += W) {
    int c = 0;
    for (; c + W <= columns; c += W) {
      Vec block[W];
      for (int i = 0; i < W; i++) block[i] = load(from + (r + i) * fromStride + c);
      transposeBlock(block);
      for (int i = 0; i < W; i++) store(to + (c + i) * toStride + r, block[i]);
    }
    for (; c < columns; c++)
      for (int i = 0; i < W; i++) to[c * toStride + r + i] = from[(r + i) * fromStride + c];
  }
  for (; r < rows; r++)
    for (int c = 0; c < columns; c++) to[c * toStride + r] = from[r * fromStride + c];
}

// Dropout: mix(index * golden ratio XOR key) below the threshold drops the element (the mask of core/tensor/dropout.ts).
struct Dropout {
  uint32_t key = 0;
  uint32_t threshold = 0;
  float kept = 1;
  bool active() const { return threshold != 0; }
};

static inline Vec dropoutFactor(const Dropout& dropout, VecWord index) {
  VecWord h = (index * 0x9e3779b1u) ^ dropout.key;
  h ^= h >> 16;
  h *= 0x85ebca6bu;
  h ^= h >> 13;
  h *= 0xc2b2ae35u;
  h ^= h >> 16;
  return (h >= (VecWord{} + dropout.threshold)) ? splat(dropout.kept) : Vec{};
}
