// Elementary functions on vectors, about as exact as float32 allows; polynomials are minimax fits (Remez).
#pragma once
#include <limits>

#include "vector.h"

static inline Vec select(VecInt condition, Vec yes, Vec no) { return condition ? yes : no; }
static inline Vec minOf(Vec a, Vec b) { return a < b ? a : b; }
static inline Vec absolute(Vec x) { return (Vec)((VecInt)x & 0x7fffffff); }

static inline Vec squareRoot(Vec v) {
#if defined(__AVX512F__)
  return (Vec)_mm512_sqrt_ps((__m512)v);
#elif defined(__AVX__)
  return (Vec)_mm256_sqrt_ps((__m256)v);
#else
  for (int i = 0; i < W; i++) v[i] = std::sqrt(v[i]);
  return v;
#endif
}

static inline Vec exponential(Vec x) {
  const float infinity = std::numeric_limits<float>::infinity();
  const Vec magic = splat(12582912.0f);
  const Vec inside = maxOf(minOf(x, splat(88.8f)), splat(-87.4f));
  const Vec shifted = inside * 1.4426950408889634f + magic;
  const Vec n = shifted - magic;
  // ln 2 in two parts, the first exact when multiplied by n.
  const Vec r = ((inside - n * 0.693145751953125f) - n * 1.42860682030941723e-6f) * 1.4426950408889634f;
  Vec p = splat(0.00015345812004000534f);
  p = p * r + 0.0013399931219124377f;
  p = p * r + 0.009618488957102513f;
  p = p * r + 0.055503287769656406f;
  p = p * r + 0.24022646890634405f;
  p = p * r + 0.6931472057372673f;
  p = p * r + 1.0f;
  // The power of two goes on in two steps, so that results between 2^127 and the overflow survive.
  const VecInt whole = (VecInt)shifted - (VecInt)magic, half = whole >> 1;
  const Vec first = (Vec)((half + 127) << 23), second = (Vec)((whole - half + 127) << 23);
  Vec result = p * first * second;
  result = select(x > 88.72283f, splat(infinity), result);
  result = select(x < -87.33655f, Vec{}, result);
  return select(x != x, x, result);
}

static inline Vec logarithm(Vec x) {
  const float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const VecInt tiny = x < 1.17549435e-38f;
  const Vec scaled = select(tiny, x * 8388608.0f, x);
  // Mantissa in [sqrt(1/2), sqrt(2)): subtracting the bits of sqrt(1/2) carries into the exponent at the right place.
  const VecInt bits = (VecInt)scaled - 0x3f3504f3;
  const VecInt exponent = (bits >> 23) - (tiny & 23);
  const Vec r = (Vec)((bits & 0x007fffff) + 0x3f3504f3) - 1.0f;
  Vec p = splat(0.07332538500570059f);
  p = p * r - 0.11659933562580063f;
  p = p * r + 0.11634661152831029f;
  p = p * r - 0.12396699743833378f;
  p = p * r + 0.1425115569295607f;
  p = p * r - 0.16669151036076216f;
  p = p * r + 0.20000688086198648f;
  p = p * r - 0.24999981185874975f;
  p = p * r + 0.3333333125683638f;
  const Vec e = __builtin_convertvector(exponent, Vec);
  const Vec square = r * r;
  const Vec low = e * 1.42860682030941723e-6f + (p * r * square - 0.5f * square);
  Vec result = (low + r) + e * 0.693145751953125f;
  result = select(x == infinity, x, result);
  result = select(x == 0.0f, splat(-infinity), result);
  return select((x < 0.0f) | (x != x), splat(nan), result);
}

static inline Vec logarithmOfOnePlus(Vec x) {
  const Vec u = x + 1.0f;
  const Vec corrected = logarithm(u) + (x - (u - 1.0f)) / u;
  return select(absolute(x) < 1e-7f, x, select(u == std::numeric_limits<float>::infinity(), u, corrected));
}

static inline Vec hyperbolicTangent(Vec x) {
  const Vec size = absolute(x), z = x * x;
  Vec p = splat(-0.005659988984748877f);
  p = p * z + 0.02059098830417205f;
  p = p * z - 0.05372106801256286f;
  p = p * z + 0.13331127536321882f;
  p = p * z - 0.3333326052694065f;
  const Vec small = x + x * (p * z);
  const Vec large = 1.0f - 2.0f / (exponential(2.0f * size) + 1.0f);
  const Vec signedLarge = (Vec)((VecInt)large | ((VecInt)x & (int32_t)0x80000000));
  return select(x != x, x, select(size < 0.625f, small, signedLarge));
}

static inline Vec sigmoid(Vec x) { return 1.0f / (1.0f + exponential(-x)); }

static inline Vec softplus(Vec x) {
  return select(x != x, x, maxOf(x, Vec{}) + logarithmOfOnePlus(exponential(-absolute(x))));
}
