// Attention in sequence tiles: a vector holds W queries.
#include <algorithm>

#include "attention-head.h"

namespace {

// Raises scores to powers of two and adds them up by column.
struct Powers {
  float* sums;  // [columns]
  template <int MR, int NV>
  void apply(Vec (&block)[MR][NV], int, int v) const {
#pragma GCC unroll 16
    for (int j = 0; j < NV; j++) {
      Vec sum = load(sums + (v + j) * W);
#pragma GCC unroll 16
      for (int i = 0; i < MR; i++) {
        block[i][j] = exp2Bounded(block[i][j]);
        sum += block[i][j];
      }
      store(sums + (v + j) * W, sum);
    }
  }
};

// Turns dP into E * (dP - shift), the gradient of the scores.
struct SoftmaxGradient {
  const float* powers;
  ptrdiff_t row;
  const float* shift;  // [columns]
  template <int MR, int NV>
  void apply(Vec (&block)[MR][NV], int m, int v) const {
#pragma GCC unroll 16
    for (int j = 0; j < NV; j++) {
      const Vec less = load(shift + (v + j) * W);
#pragma GCC unroll 16
      for (int i = 0; i < MR; i++)
        block[i][j] = load(powers + (m + i) * row + (v + j) * W) * (block[i][j] - less);
    }
  }
};

// out[j][v] = finish(sum over features of rows(feature, j) * columns[feature][v]).
template <class Finish>
void scoreProduct(const float* rows, const float* columns, const HeadRows& head, int keys, int vectors, float* out,
                  ptrdiff_t outRow, const Finish& finish) {
  Gemm g;
  g.rows = keys, g.columns = vectors, g.depth = head.size;
  g.a = rows, g.aDepth = head.row;
  g.b = columns, g.bDepth = head.row;
  g.c = out, g.cRow = outRow;
  gemm(g, finish);
}

// out[feature][v] (+)= sum over j < depth of rows(feature, j) * mix[j][v].
void mixProduct(const float* rows, const HeadRows& head, const float* mix, ptrdiff_t mixRow, int depth, int vectors,
                float* out, Start start) {
  Gemm g;
  g.rows = head.size, g.columns = vectors, g.depth = depth;
  g.a = rows, g.aRow = head.row, g.aDepth = 1;
  g.b = mix, g.bDepth = mixRow;
  g.c = out, g.cRow = head.row;
  g.start = start;
  gemm(g);
}

// Powers of the queries from `first` on into p, reciprocals of their sums into `reciprocals`.
void sequencePowers(const HeadRows& head, const Tile& tile, bool safe, int first, int vectors, float* p, ptrdiff_t stride,
                    float* reciprocals) {
  for (int v = 0; v < vectors; v++) store(reciprocals + v * W, Vec{});
  if (safe) {
    scoreProduct(head.key, head.query + first, head, tile.positions, vectors, p, stride, Powers{reciprocals});
  } else {
    scoreProduct(head.key, head.query + first, head, tile.positions, vectors, p, stride, Plain{});
    stablePowers(p, tile.positions, stride, vectors, reciprocals);
  }
  for (int v = 0; v < vectors; v++) store(reciprocals + v * W, 1.0f / load(reciprocals + v * W));
}

int chunkVectors(const Tile& tile, int first) { return std::min(QUERY_VECTORS, (tile.tokens - first) / W); }

#if defined(__AVX512F__)
// Lane l of the result is the sum of all lanes of v[l].
Vec sumsOfRows(const Vec (&v)[16]) {
  __m512 quads[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    const __m512 a = (__m512)v[4 * i], b = (__m512)v[4 * i + 1], c = (__m512)v[4 * i + 2], d = (__m512)v[4 * i + 3];
    const __m512d ab = (__m512d)(_mm512_unpacklo_ps(a, b) + _mm512_unpackhi_ps(a, b));
    const __m512d cd = (__m512d)(_mm512_unpacklo_ps(c, d) + _mm512_unpackhi_ps(c, d));
    quads[i] = (__m512)_mm512_unpacklo_pd(ab, cd) + (__m512)_mm512_unpackhi_pd(ab, cd);
  }
  __m512 halves[2];
#pragma GCC unroll 2
  for (int i = 0; i < 2; i++)
    halves[i] = _mm512_shuffle_f32x4(quads[2 * i], quads[2 * i + 1], 0x88) +
                _mm512_shuffle_f32x4(quads[2 * i], quads[2 * i + 1], 0xdd);
  return (Vec)(_mm512_shuffle_f32x4(halves[0], halves[1], 0x88) + _mm512_shuffle_f32x4(halves[0], halves[1], 0xdd));
}

// out(feature, j) (+)= sum over queries of mix[j][query] * columns(feature, query) for heads of four features: dot products
// along the vectors, which need fewer shuffles than turning `mix` does.
void mixTurnedNarrow(const float* mix, ptrdiff_t mixRow, const float* columns, ptrdiff_t row, int keys, int vectors,
                     float* out, Start start) {
  for (int j = 0; j < keys; j += 4) {
    Vec acc[16] = {};
    for (int v = 0; v < vectors * W; v += W) {
      Vec left[4];
#pragma GCC unroll 4
      for (int q = 0; q < 4; q++) left[q] = load(mix + (j + q) * mixRow + v);
#pragma GCC unroll 4
      for (int c = 0; c < 4; c++) {
        const Vec right = load(columns + c * row + v);
#pragma GCC unroll 4
        for (int q = 0; q < 4; q++) acc[4 * c + q] += left[q] * right;
      }
    }
    alignas(64) float sums[16];
    store(sums, sumsOfRows(acc));
    for (int c = 0; c < 4; c++) {
      float* at = out + c * row + j;
      const __m128 quarter = _mm_load_ps(sums + 4 * c);
      _mm_storeu_ps(at, start == Start::zero ? quarter : _mm_add_ps(_mm_loadu_ps(at), quarter));
    }
  }
}
#endif

// out(feature, j) (+)= sum over queries of mix[j][query] * columns(feature, query); `turned` is scratch.
void mixTurned(const float* mix, ptrdiff_t mixRow, const float* columns, const HeadRows& head, int queries, int vectors,
               float* out, Start start, float* turned) {
  const int T = (int)head.row;
#if defined(__AVX512F__)
  if (head.size == 4) return mixTurnedNarrow(mix, mixRow, columns, head.row, T, vectors, out, start);
#endif
  transposeCopy(mix, mixRow, T, vectors * W, turned, T);
  mixProduct(columns, head, turned, T, queries, T / W, out, start);
}

}  // namespace

void attendSequence(const HeadRows& head, const Tile& tile, bool keep, float* p, float* reciprocals, float* context) {
  const bool safe = scoresAreSafe(head);
  for (int first = 0; first < tile.tokens; first += QUERY_VECTORS * W) {
    const int vectors = chunkVectors(tile, first);
    const ptrdiff_t stride = keep ? tile.tokens : vectors * W;
    float* powers = keep ? p + first : p;
    sequencePowers(head, tile, safe, first, vectors, powers, stride, reciprocals + first);
    mixProduct(head.value, head, powers, stride, tile.positions, vectors, context + first, Start::zero);
    scaleColumns(context + first, head.size, head.row, vectors, reciprocals + first);
  }
  if (keep) std::fill(p + (ptrdiff_t)tile.positions * tile.tokens, p + (ptrdiff_t)tile.tokens * tile.tokens, 0.0f);
}

void sequenceGradient(const HeadRows& head, const Tile& tile, const float* p, const float* dContext, const float* shift,
                      HeadGradients out, float* scratch) {
  const int T = tile.tokens, S = tile.positions;
  float* ds = scratch;
  float* turned = scratch + (size_t)T * QUERY_VECTORS * W;
  for (int first = 0; first < T; first += QUERY_VECTORS * W) {
    const int vectors = chunkVectors(tile, first), places = vectors * W;
    const int queries = std::min(places, S - first);
    scoreProduct(head.value, dContext + first, head, S, vectors, ds, places, SoftmaxGradient{p + first, T, shift + first});
    std::fill(ds + (ptrdiff_t)S * places, ds + (ptrdiff_t)T * places, 0.0f);
    mixProduct(head.key, head, ds, places, S, vectors, out.query + first, Start::zero);
    const Start start = first == 0 ? Start::zero : Start::accumulate;
    mixTurned(ds, places, head.query + first, head, queries, vectors, out.key, start, turned);
    mixTurned(p + first, T, dContext + first, head, queries, vectors, out.value, start, turned);
  }
}
