// Multi-head attention of one tile. Queries arrive scaled so that a probability is 2^(q.k) / (sum over keys of 2^(q.k)).
//
// The powers are kept instead of the probabilities, with the reciprocals of their sums beside them: E [keys, queries] and
// one reciprocal per query. Where the lengths of queries and keys bound q.k safely the powers are taken of the scores as they
// leave the matrix product; otherwise the largest score of each query is subtracted first, in passes of their own.
#pragma once
#include "encoder.h"

// Queries handled together in a sequence tile.
constexpr int QUERY_VECTORS = 4;

// Numbers that the powers of one head take. Sequence tile: [key (padded), query]; bundle: [query, key, lane].
inline size_t powersSize(bool bundled, int positions) {
  return bundled ? (size_t)positions * positions * W : (size_t)roundUp(positions) * roundUp(positions);
}

// Fills tile.context from tile.projected, and tile.reciprocals [heads, tokens]. With `keep`, the powers of head h go to
// tile.powers + h * powersSize; without, they pass through the start of tile.powers.
void attend(const EncoderCall& call, const Tile& tile, bool keep);

// From the gradient of the context [A, tokens], which is overwritten, to that of the projections [3A, tokens]; `scratch`
// has room for attentionGradientScratch numbers.
void attendGradient(const EncoderCall& call, const Tile& tile, bool kept, float* dContext, float* dProjected,
                    float* scratch);
size_t attentionGradientScratch(bool bundled, int positions);
