// Multi-head attention of one tile. Queries arrive scaled so that probabilities are 2^(q.k - max) / sum.
#pragma once
#include "encoder.h"

// Queries handled together in a sequence tile.
constexpr int QUERY_VECTORS = 4;

// Numbers that the probabilities of one head take. Sequence tile: [key (padded), query]; bundle: [query, key, lane].
inline size_t probabilitySize(bool bundled, int positions) {
  return bundled ? (size_t)positions * positions * W : (size_t)roundUp(positions) * roundUp(positions);
}

// Fills tile.context from tile.projected. Probabilities of head h go to tile.probabilities + h * probabilitySize, or all
// heads share the first place when `keep` is off.
void attend(const EncoderCall& call, const Tile& tile, bool keep);

// Probabilities of one head into `probabilities`.
void headProbabilities(const EncoderCall& call, const Tile& tile, int head, float* probabilities);

// From the gradient of the context [A, tokens] to that of the projections [3A, tokens]; `scratch` has room for
// attentionGradientScratch numbers.
void attendGradient(const EncoderCall& call, const Tile& tile, bool kept, const float* dContext, float* dProjected,
                    float* scratch);
size_t attentionGradientScratch(bool bundled, int positions);
