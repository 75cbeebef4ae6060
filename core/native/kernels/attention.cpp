#include "attention.h"

#include <algorithm>

#include "attention-head.h"

namespace {

// Scores within this bound can be raised to the power of two, summed and inverted without overflow or underflow.
constexpr float SAFE_SCORE = 96.0f;

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

// By the Cauchy-Schwarz inequality; false for anything that is not finite.
bool scoresAreSafe(const HeadRows& head) {
  return largestSquare(head.query, head) * largestSquare(head.key, head) < SAFE_SCORE * SAFE_SCORE;
}

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

void scaleColumns(float* values, int rows, ptrdiff_t stride, int vectors, const float* factors) {
  for (int r = 0; r < rows; r++)
    for (int v = 0; v < vectors * W; v += W) store(values + r * stride + v, load(values + r * stride + v) * load(factors + v));
}

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
    if (!kept && call.bundled) attendBundle(head, tile, p, reciprocals, context);
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
