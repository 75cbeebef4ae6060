#include "attention.h"

#include <algorithm>

namespace {

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

// ---- sequence tiles: a vector holds W queries ----

// Columns of p [keys, NV vectors] become 2^(p - max); returns 1 / sum of each.
template <int NV>
void exponentiate(float* p, int keys, ptrdiff_t stride, Vec* inverseSum) {
  Vec top[NV], sum[NV];
  for (int v = 0; v < NV; v++) {
    top[v] = load(p + v * W);
    sum[v] = Vec{};
  }
  for (int j = 1; j < keys; j++)
    for (int v = 0; v < NV; v++) top[v] = maxOf(top[v], load(p + j * stride + v * W));
  for (int j = 0; j < keys; j++)
    for (int v = 0; v < NV; v++) {
      float* at = p + j * stride + v * W;
      const Vec e = exp2NonPositive(load(at) - top[v]);
      sum[v] += e;
      store(at, e);
    }
  for (int v = 0; v < NV; v++) inverseSum[v] = 1.0f / sum[v];
}

void exponentiateColumns(float* p, int keys, ptrdiff_t stride, int vectors, Vec* inverseSum) {
  switch (vectors) {
    case 1: return exponentiate<1>(p, keys, stride, inverseSum);
    case 2: return exponentiate<2>(p, keys, stride, inverseSum);
    case 3: return exponentiate<3>(p, keys, stride, inverseSum);
    default: return exponentiate<4>(p, keys, stride, inverseSum);
  }
}

// out[j][v] = sum over features of rows(feature, j) * columns[feature][v].
void scoreProduct(const float* rows, const float* columns, const HeadRows& head, int keys, int vectors, float* out,
                  ptrdiff_t outRow) {
  Gemm g;
  g.rows = keys, g.columns = vectors, g.depth = head.size;
  g.a = rows, g.aDepth = head.row;
  g.b = columns, g.bDepth = head.row;
  g.c = out, g.cRow = outRow;
  gemm(g);
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

void scaleColumns(float* p, int rows, ptrdiff_t stride, int vectors, const Vec* factor) {
  for (int j = 0; j < rows; j++)
    for (int v = 0; v < vectors; v++) store(p + j * stride + v * W, load(p + j * stride + v * W) * factor[v]);
}

int chunkVectors(const Tile& tile, int first) { return std::min(QUERY_VECTORS, (tile.tokens - first) / W); }

void attendSequence(const EncoderCall& call, const Tile& tile, int h, float* context) {
  const HeadRows head = headRows(call, tile, h);
  Vec inverseSum[QUERY_VECTORS];
  for (int first = 0; first < tile.tokens; first += QUERY_VECTORS * W) {
    const int vectors = chunkVectors(tile, first);
    const ptrdiff_t stride = vectors * W;
    scoreProduct(head.key, head.query + first, head, tile.positions, vectors, tile.probabilities, stride);
    exponentiateColumns(tile.probabilities, tile.positions, stride, vectors, inverseSum);
    mixProduct(head.value, head, tile.probabilities, stride, tile.positions, vectors, context + first, Start::zero);
    scaleColumns(context + first, head.size, head.row, vectors, inverseSum);
  }
}

void sequenceProbabilities(const HeadRows& head, const Tile& tile, float* p) {
  Vec inverseSum[QUERY_VECTORS];
  const ptrdiff_t stride = tile.tokens;
  for (int first = 0; first < tile.tokens; first += QUERY_VECTORS * W) {
    const int vectors = chunkVectors(tile, first);
    scoreProduct(head.key, head.query + first, head, tile.positions, vectors, p + first, stride);
    exponentiateColumns(p + first, tile.positions, stride, vectors, inverseSum);
    scaleColumns(p + first, tile.positions, stride, vectors, inverseSum);
  }
  std::fill(p + tile.positions * stride, p + tile.tokens * stride, 0.0f);
}

// dP -> P * (dP - sum over keys of P * dP), column by column.
void softmaxGradient(const float* p, ptrdiff_t pRow, float* dp, ptrdiff_t dpRow, int keys, int vectors) {
  for (int v = 0; v < vectors * W; v += W) {
    Vec dot = {};
    for (int j = 0; j < keys; j++) dot += load(p + j * pRow + v) * load(dp + j * dpRow + v);
    for (int j = 0; j < keys; j++) {
      float* at = dp + j * dpRow + v;
      store(at, load(p + j * pRow + v) * (load(at) - dot));
    }
  }
}

struct HeadGradients {
  float *query, *key, *value;
};

void sequenceGradient(const HeadRows& head, const Tile& tile, const float* p, const float* dContext, HeadGradients out,
                      float* scratch) {
  const int T = tile.tokens, S = tile.positions;
  float* dp = scratch;
  float* turned = scratch + (size_t)T * QUERY_VECTORS * W;
  for (int first = 0; first < T; first += QUERY_VECTORS * W) {
    const int vectors = chunkVectors(tile, first), places = vectors * W;
    const int queries = std::min(places, S - first);
    scoreProduct(head.value, dContext + first, head, S, vectors, dp, places);
    softmaxGradient(p + first, T, dp, places, S, vectors);
    std::fill(dp + (ptrdiff_t)S * places, dp + (ptrdiff_t)T * places, 0.0f);
    mixProduct(head.key, head, dp, places, S, vectors, out.query + first, Start::zero);
    const Start start = first == 0 ? Start::zero : Start::accumulate;
    transposeCopy(dp, places, T, places, turned, T);
    mixProduct(head.query + first, head, turned, T, queries, T / W, out.key, start);
    transposeCopy(p + first, T, T, places, turned, T);
    mixProduct(dContext + first, head, turned, T, queries, T / W, out.value, start);
  }
}

// ---- bundles: a vector holds one position of W sequences ----

template <int I, int J>
void bundleScoreBlock(const float* a, const float* b, ptrdiff_t row, int features, float* out, ptrdiff_t outRow) {
  Vec acc[I][J] = {};
  for (int c = 0; c < features; c++) {
    Vec right[J];
    for (int j = 0; j < J; j++) right[j] = load(b + c * row + j * W);
    for (int i = 0; i < I; i++) {
      const Vec left = load(a + c * row + i * W);
      for (int j = 0; j < J; j++) acc[i][j] += left * right[j];
    }
  }
  for (int i = 0; i < I; i++)
    for (int j = 0; j < J; j++) store(out + i * outRow + j * W, acc[i][j]);
}

// out[i][j] = sum over features of a(feature, i) * b(feature, j), lane by lane.
void bundleScores(const float* a, const float* b, ptrdiff_t row, int features, int positions, float* out) {
  const ptrdiff_t outRow = (ptrdiff_t)positions * W;
  int i = 0;
  for (; i + 2 <= positions; i += 2) {
    int j = 0;
    for (; j + 5 <= positions; j += 5)
      bundleScoreBlock<2, 5>(a + i * W, b + j * W, row, features, out + i * outRow + j * W, outRow);
    for (; j < positions; j++)
      bundleScoreBlock<2, 1>(a + i * W, b + j * W, row, features, out + i * outRow + j * W, outRow);
  }
  for (; i < positions; i++)
    for (int j = 0; j < positions; j++)
      bundleScoreBlock<1, 1>(a + i * W, b + j * W, row, features, out + i * outRow + j * W, outRow);
}

template <int I, int C>
void bundleMixBlock(const float* mix, ptrdiff_t mixOut, ptrdiff_t mixDepth, const float* b, ptrdiff_t row, int positions,
                    float* out, float scale) {
  Vec acc[I][C] = {};
  for (int j = 0; j < positions; j++) {
    Vec right[C];
    for (int c = 0; c < C; c++) right[c] = load(b + c * row + j * W);
    for (int i = 0; i < I; i++) {
      const Vec left = load(mix + i * mixOut + j * mixDepth);
      for (int c = 0; c < C; c++) acc[i][c] += left * right[c];
    }
  }
  for (int c = 0; c < C; c++)
    for (int i = 0; i < I; i++) store(out + c * row + i * W, acc[i][c] * scale);
}

// out(feature, i) = scale * sum over j of mix(i, j) * b(feature, j), lane by lane.
void bundleMix(const float* mix, ptrdiff_t mixOut, ptrdiff_t mixDepth, const float* b, ptrdiff_t row, int features,
               int positions, float* out, float scale) {
  int c = 0;
  for (; c + 4 <= features; c += 4) {
    int i = 0;
    for (; i + 2 <= positions; i += 2)
      bundleMixBlock<2, 4>(mix + i * mixOut, mixOut, mixDepth, b + c * row, row, positions, out + c * row + i * W, scale);
    for (; i < positions; i++)
      bundleMixBlock<1, 4>(mix + i * mixOut, mixOut, mixDepth, b + c * row, row, positions, out + c * row + i * W, scale);
  }
  for (; c < features; c++)
    for (int i = 0; i < positions; i++)
      bundleMixBlock<1, 1>(mix + i * mixOut, mixOut, mixDepth, b + c * row, row, positions, out + c * row + i * W, scale);
}

void bundleProbabilities(const HeadRows& head, int positions, float* p) {
  bundleScores(head.query, head.key, head.row, head.size, positions, p);
  for (int i = 0; i < positions; i++) {
    float* at = p + (ptrdiff_t)i * positions * W;
    Vec top = load(at), sum = {};
    for (int j = 1; j < positions; j++) top = maxOf(top, load(at + j * W));
    for (int j = 0; j < positions; j++) {
      const Vec e = exp2NonPositive(load(at + j * W) - top);
      sum += e;
      store(at + j * W, e);
    }
    const Vec inverse = 1.0f / sum;
    for (int j = 0; j < positions; j++) store(at + j * W, load(at + j * W) * inverse);
  }
}

void bundleGradient(const HeadRows& head, int S, const float* p, const float* dContext, HeadGradients out, float* dp) {
  const ptrdiff_t line = (ptrdiff_t)S * W;
  bundleScores(dContext, head.value, head.row, head.size, S, dp);
  for (int i = 0; i < S; i++) softmaxGradient(p + i * line, W, dp + i * line, W, S, 1);
  bundleMix(dp, line, W, head.key, head.row, head.size, S, out.query, 1);
  bundleMix(dp, W, line, head.query, head.row, head.size, S, out.key, 1);
  bundleMix(p, W, line, dContext, head.row, head.size, S, out.value, 1);
}

}  // namespace

void headProbabilities(const EncoderCall& call, const Tile& tile, int head, float* probabilities) {
  const HeadRows rows = headRows(call, tile, head);
  if (call.bundled) bundleProbabilities(rows, tile.positions, probabilities);
  else sequenceProbabilities(rows, tile, probabilities);
}

void attend(const EncoderCall& call, const Tile& tile, bool keep) {
  const size_t step = keep ? probabilitySize(call.bundled, tile.positions) : 0;
  const int S = tile.positions;
  for (int h = 0; h < call.sizes.heads; h++) {
    const HeadRows head = headRows(call, tile, h);
    float* context = tile.context + (ptrdiff_t)h * head.size * head.row;
    float* p = tile.probabilities + h * step;
    if (call.bundled) {
      bundleProbabilities(head, S, p);
      bundleMix(p, (ptrdiff_t)S * W, W, head.value, head.row, head.size, S, context, 1);
    } else if (keep) {
      sequenceProbabilities(head, tile, p);
      mixProduct(head.value, head, p, tile.tokens, S, tile.tokens / W, context, Start::zero);
    } else {
      attendSequence(call, tile, h, context);
    }
  }
}

size_t attentionGradientScratch(bool bundled, int positions) {
  if (bundled) return (size_t)positions * positions * W;
  return (size_t)roundUp(positions) * 2 * QUERY_VECTORS * W;
}

void attendGradient(const EncoderCall& call, const Tile& tile, bool kept, const float* dContext, float* dProjected,
                    float* scratch) {
  const ptrdiff_t part = (ptrdiff_t)call.sizes.attention * tile.tokens;
  const size_t step = kept ? probabilitySize(call.bundled, tile.positions) : 0;
  for (int h = 0; h < call.sizes.heads; h++) {
    const HeadRows head = headRows(call, tile, h);
    const ptrdiff_t offset = (ptrdiff_t)h * head.size * head.row;
    float* p = tile.probabilities + h * step;
    if (!kept) headProbabilities(call, tile, h, p);
    const HeadGradients out = {dProjected + offset, dProjected + part + offset, dProjected + 2 * part + offset};
    if (call.bundled) bundleGradient(head, tile.positions, p, dContext + offset, out, scratch);
    else sequenceGradient(head, tile, p, dContext + offset, out, scratch);
  }
  // Queries were scaled on the way in: back to the plain projection, and out of the powers of two.
  const float natural = 0.6931471805599453f, query = call.packed->queryScale * natural;
  for (ptrdiff_t i = 0; i < part; i += W) {
    store(dProjected + i, load(dProjected + i) * query);
    store(dProjected + part + i, load(dProjected + part + i) * natural);
  }
}
