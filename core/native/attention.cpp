#include "attention.h"

#include <algorithm>

namespace {

// Scores within this bound can be raised to the power of two, summed and inverted without overflow or underflow.
constexpr float SAFE_SCORE = 96.0f;

// Rows of one head in a [features, tokens] buffer.
struct HeadRows {
  const float *query, *key, *value;
  ptrdiff_t row;  // numbers from one feature to the next
  int size;       // features
};

HeadRows headRows(const EncoderCall& call, const Tile& tile, int head) {
  const int size = call.sizes.key();
  const ptrdiff_t row = tile.tokens, part = (ptrdiff_t)call.sizes.attention * row;
  const float* query = tile.projected + (ptrdiff_t)head * size * row;
  return {query, query + part, query + 2 * part, row, size};
}

// Largest squared length of the head's columns.
float largestSquare(const float* rows, const HeadRows& head) {
  Vec largest = {};
  for (int t = 0; t < head.row; t += W) {
    Vec square = {};
    for (int c = 0; c < head.size; c++) {
      const Vec v = load(rows + c * head.row + t);
      square += v * v;
    }
    largest = maxOf(largest, square);
  }
  return largestOf(largest);
}

// By the Cauchy-Schwarz inequality; false for anything that is not finite.
bool scoresAreSafe(const HeadRows& head) {
  return largestSquare(head.query, head) * largestSquare(head.key, head) < SAFE_SCORE * SAFE_SCORE;
}

// ---- sequence tiles: a vector holds W queries ----

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

// Columns of p become 2^(p - max); sums[v] becomes their sum.
void stablePowers(float* p, int keys, ptrdiff_t stride, int vectors, float* sums) {
  for (int v = 0; v < vectors * W; v += W) {
    Vec top = load(p + v), sum = {};
    for (int j = 1; j < keys; j++) top = maxOf(top, load(p + j * stride + v));
    for (int j = 0; j < keys; j++) {
      const Vec e = exp2NonPositive(load(p + j * stride + v) - top);
      sum += e;
      store(p + j * stride + v, e);
    }
    store(sums + v, sum);
  }
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

void scaleColumns(float* values, int rows, ptrdiff_t stride, int vectors, const float* factors) {
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < vectors * W; v += W) store(values + r * stride + v, load(values + r * stride + v) * load(factors + v));
}

int chunkVectors(const Tile& tile, int first) { return std::min(QUERY_VECTORS, (tile.tokens - first) / W); }

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

struct HeadGradients {
  float *query, *key, *value;
};

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

// `dContext` is already scaled by the reciprocals, `shift` is what SoftmaxGradient subtracts.
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

// ---- bundles: a vector holds one position of W sequences ----

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

// shift = (sum over features of dContext * context) * reciprocal: sum over keys of P * dP without either (arXiv:2205.14135),
// in units of E. Scales dContext by the reciprocals on the way.
void prepareGradient(const HeadRows& head, const float* context, const float* reciprocals, float* dContext, float* shift) {
  for (ptrdiff_t t = 0; t < head.row; t += W) {
    const Vec reciprocal = load(reciprocals + t);
    Vec dot = {};
    for (int c = 0; c < head.size; c++) {
      float* at = dContext + c * head.row + t;
      dot += load(at) * load(context + c * head.row + t);
      store(at, load(at) * reciprocal);
    }
    store(shift + t, dot * reciprocal);
  }
}

}  // namespace

void attend(const EncoderCall& call, const Tile& tile, bool keep) {
  const size_t step = keep ? powersSize(call.bundled, tile.positions) : 0;
  for (int h = 0; h < call.sizes.heads; h++) {
    const HeadRows head = headRows(call, tile, h);
    float* context = tile.context + (ptrdiff_t)h * head.size * head.row;
    float* reciprocals = tile.reciprocals + (ptrdiff_t)h * tile.tokens;
    float* p = tile.powers + h * step;
    if (call.bundled) attendBundle(head, tile, p, reciprocals, context);
    else attendSequence(head, tile, keep, p, reciprocals, context);
  }
}

size_t attentionGradientScratch(bool bundled, int positions) {
  const size_t tokens = bundled ? (size_t)positions * W : roundUp(positions);
  const size_t work = bundled ? powersSize(true, positions) : tokens * 2 * QUERY_VECTORS * W;
  return tokens + work;
}

void attendGradient(const EncoderCall& call, const Tile& tile, bool kept, float* dContext, float* dProjected,
                    float* scratch) {
  const ptrdiff_t part = (ptrdiff_t)call.sizes.attention * tile.tokens;
  const size_t step = kept ? powersSize(call.bundled, tile.positions) : 0;
  float* shift = scratch;
  float* work = scratch + tile.tokens;
  for (int h = 0; h < call.sizes.heads; h++) {
    const HeadRows head = headRows(call, tile, h);
    const ptrdiff_t offset = (ptrdiff_t)h * head.size * head.row;
    float* context = tile.context + offset;
    float* reciprocals = tile.reciprocals + (ptrdiff_t)h * tile.tokens;
    float* p = tile.powers + h * step;
    if (!kept && call.bundled) bundlePowers(head, tile.positions, p, reciprocals);
    else if (!kept) attendSequence(head, tile, true, p, reciprocals, context);
    prepareGradient(head, context, reciprocals, dContext + offset, shift);
    const HeadGradients out = {dProjected + offset, dProjected + part + offset, dProjected + 2 * part + offset};
    if (call.bundled) bundleGradient(head, tile.positions, p, dContext + offset, shift, out, work);
    else sequenceGradient(head, tile, p, dContext + offset, shift, out, work);
  }
  // Queries were scaled on the way in: back to the plain projection, and out of the powers of two.
  const float natural = 0.6931471805599453f, query = call.packed->queryScale * natural;
  for (ptrdiff_t i = 0; i < part; i += W) {
    store(dProjected + i, load(dProjected + i) * query);
    store(dProjected + part + i, load(dProjected + part + i) * natural);
  }
}
