// What both kinds of tiles share in attention: the rows of one head, safe powers of two, and the two implementations.
#pragma once
#include "attention.h"

// Rows of one head in a [features, tokens] buffer.
struct HeadRows {
  const float *query, *key, *value;
  ptrdiff_t row;  // numbers from one feature to the next
  int size;       // features
};

struct HeadGradients {
  float *query, *key, *value;
};

// Whether scores can be raised to powers of two, summed and inverted without overflow or underflow.
bool scoresAreSafe(const HeadRows& head);

// Columns of p become 2^(p - max); sums[v] becomes their sum.
void stablePowers(float* p, int keys, ptrdiff_t stride, int vectors, float* sums);

// values(row, column) *= factors[column].
void scaleColumns(float* values, int rows, ptrdiff_t stride, int vectors, const float* factors);

// Powers into p (see attention.h for `keep`), reciprocals of their sums into `reciprocals`, context of one head.
void attendSequence(const HeadRows& head, const Tile& tile, bool keep, float* p, float* reciprocals, float* context);
void attendBundle(const HeadRows& head, const Tile& tile, float* p, float* reciprocals, float* context);

// Gradients of one head. `dContext` is already scaled by the reciprocals; `shift`, one number per query, is what the softmax
// gradient subtracts, scaled likewise.
void sequenceGradient(const HeadRows& head, const Tile& tile, const float* p, const float* dContext, const float* shift,
                      HeadGradients out, float* scratch);
void bundleGradient(const HeadRows& head, int positions, const float* p, const float* dContext, const float* shift,
                    HeadGradients out, float* scratch);
