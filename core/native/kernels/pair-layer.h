// One layer of the pair encoder (core/tensor/pair-layer.ts) on tiles of whole histories.
//
// A tile holds the pairs of a few histories row by row, [pairs, features], so that everything between reading x and writing y
// stays in the second-level cache. Rows are padded to whole vectors: Cp numbers for C channels, Hp for the 2C hidden units.
// The four products of a normalised pair lie side by side in one row of S = 2 Cp + 2 Hp numbers: first and second factor of a
// path, what enters the hidden units of the pair itself, and of its reverse.
#pragma once
#include <vector>

#include "gemm.h"
#include "scratch.h"

struct PairSizes {
  int variables, channels;  // d, C
  bool means;               // whether a layer reads the means over sources and over sinks
  int pairs() const { return variables * variables; }
  int hidden() const { return 2 * channels; }
  int width() const { return roundUp(channels); }         // Cp
  int hiddenWidth() const { return roundUp(hidden()); }   // Hp
  int stacked() const { return 2 * width() + 2 * hiddenWidth(); }
  // Histories in a tile: enough pairs to be worth a product, few enough for the cache.
  int histories() const { return pairs() >= 128 ? 1 : 128 / pairs(); }
};

// Weights in the order of PAIR_LAYER_WEIGHTS in core/tensor/pair-layer-contract.ts, linear ones [out, in].
template <class Pointer>
struct PairWeights {
  Pointer normScale, normBias, firstWeight, firstBias, secondWeight, secondBias, ownWeight, ownBias, reverseWeight, reverseBias,
      pathsWeight, pathsBias, outputWeight, outputBias, sourceMeanWeight, sourceMeanBias, sinkMeanWeight, sinkMeanBias;
};

// Weights padded with zeros, once per call: [in, out] for the forward pass; [out, in] too for the gradient.
struct PackedPairWeights {
  std::vector<float> normScale, normBias;              // [Cp]
  std::vector<float> in, inBias;                       // [C, S], [S]: all biases of the hidden units on the own product
  std::vector<float> paths, sourceMean, sinkMean;      // [C, Hp]
  std::vector<float> out, outBias;                     // [2C, Cp], [Cp]
  std::vector<float> lanes;                            // [Cp], 1 for a channel and 0 for padding
  std::vector<float> inBack;                           // [S, Cp]
  std::vector<float> pathsBack, sourceMeanBack, sinkMeanBack;  // [2C, Cp]
  std::vector<float> outBack;                          // [C, Hp]
  PackedPairWeights(const PairSizes& sizes, const PairWeights<const float*>& weights, bool withGradient);
};

struct PairCall {
  PairSizes sizes;
  const PackedPairWeights* packed;
};

// Buffers of one tile, rows x the width in brackets.
struct PairTile {
  int histories = 0;
  float *x, *normed;             // [Cp]
  float *mean, *reciprocal;      // [1]
  float* stacked;                // [S]
  float* paths;                  // [Cp]
  float* hidden;                 // [Hp], after the ReLU
  float *sourceMeans, *sinkMeans;          // [histories * d, Cp]
  float *sourceHidden, *sinkHidden;        // [histories * d, Hp]

  static size_t numbers(const PairSizes& sizes);
  PairTile(const PairSizes& sizes, Scratch& scratch);
  int rows(const PairSizes& sizes) const { return histories * sizes.pairs(); }
};

// Fills the tile from x [rows, C] as far as the hidden units.
void forwardPairTile(const PairCall& call, PairTile& tile, const float* x);

// Rows of C numbers become rows of Cp, padded with zeros, and back.
void padRows(const float* from, int rows, int channels, float* to, int width);
void unpadRows(const float* from, int rows, int width, float* to, int channels);

// A [.., ..] array of rows of channels: element (a, s) begins at data + a * first + s * second.
template <class Pointer>
struct ChannelGrid {
  Pointer data;
  ptrdiff_t first, second;
};

// out(a, b) = scale * sum over s of left(a, s) * right(b, s), channel by channel; a, b and s run over d variables.
void contract(int d, int width, float scale, const ChannelGrid<const float*>& left, const ChannelGrid<const float*>& right,
              const ChannelGrid<float*>& out);
