// One pre-norm transformer layer on tiles of tokens.
//
// A tile is a set of tokens that fits the cache, held feature by feature: row c of a [features, T] buffer has feature c of
// every token, so that all arithmetic runs along tokens whatever the widths are, sums over features need no shuffles, and
// weights are read one number at a time. Two kinds of tiles serve both axes of x [B, n, d, D] without a transpose:
//   sequence tiles: T = the S positions of one sequence; a vector of attention holds W queries of it;
//   bundle tiles:   T = S x W, the positions of W short sequences; a vector holds one position of W sequences.
// Padded rows never enter a tile: they are neither attended to nor computed.
#pragma once
#include <vector>

#include "gemm.h"
#include "scratch.h"

struct EncoderSizes {
  int width, attention, heads, hidden;  // D, A, heads, F
  int key() const { return attention / heads; }
  int paddedWidth() const { return roundUp(width); }
};

// Layer weights, linear ones [out, in], in the order of WEIGHT_NAMES in core/tensor/encoder-layer.ts.
template <class Pointer>
struct EncoderWeights {
  Pointer norm1Scale, norm1Bias, inWeight, inBias, outWeight, outBias, norm2Scale, norm2Bias, ff1Weight, ff1Bias, ff2Weight,
      ff2Bias;
};

// Weights transposed once per call to [in, out], with the queries scaled by log2(e) / sqrt(key size), so that attention
// can use powers of two.
struct PackedWeights {
  std::vector<float> in, inBias, out, ff1, ff2;
  float queryScale;
  PackedWeights(const EncoderSizes& sizes, const EncoderWeights<const float*>& w);
};

// Where the tokens of every tile are: the plan of one call.
class TilePlan {
 public:
  // rowMask [batch, rows] may be null.
  TilePlan(int batch, int rows, int variables, int width, bool alongRows, const float* rowMask);

  int tiles() const { return tiles_; }
  bool bundled() const { return bundled_; }
  int longest() const { return longest_; }
  // Number of positions S of a tile and, for each of its tokens, the offset of its first feature in x, or -1 for the
  // empty places of an incomplete bundle. `offsets` has room for maxTokens().
  int positions(int tile, std::vector<int64_t>& offsets) const;
  int maxTokens() const { return bundled_ ? longest_ * W : roundUp(longest_); }
  const std::vector<int64_t>& paddedOffsets() const { return padded_; }

 private:
  int batch_, rows_, variables_, width_, tiles_ = 0, longest_ = 0;
  bool alongRows_, bundled_ = false;
  std::vector<std::vector<int>> validRows_;       // of each batch element
  std::vector<int64_t> sequenceStarts_;           // along variables, and along rows when bundled
  std::vector<std::pair<int, int>> rowSequences_; // (batch element, variable) of each tile along rows
  std::vector<int64_t> padded_;                   // offsets of padded rows, each of variables * width numbers
};

// Everything a tile needs of its call.
struct EncoderCall {
  EncoderSizes sizes;
  EncoderWeights<const float*> weights;
  const PackedWeights* packed;
  Dropout attentionDropout, hiddenDropout;
  bool bundled;
};

// Tile buffers, [features, tokens] each.
struct Tile {
  int positions = 0;  // S
  int tokens = 0;     // places, a multiple of W
  int filled = 0;     // places up to the last one in use
  std::vector<int64_t> offsets;
  float *x, *normed1, *projected, *context, *middle, *normed2;
  float *stats1, *stats2;  // mean and reciprocal deviation, [2, tokens]
  float *powers, *reciprocals;  // see attention.h
};

// `target` is where storeTile will write: asking for those lines early hides the wait for them.
void loadTile(const float* from, const Tile& tile, int width, float* to, const float* target = nullptr);
void storeTile(const float* from, const Tile& tile, int width, float* to);
void normalise(const float* x, const Tile& tile, int width, const float* scale, const float* bias, float* out, float* stats);
void applyDropout(const Dropout& dropout, const Tile& tile, int width, int firstToken, int tokens, float* values,
                  ptrdiff_t stride);

// The first half of the layer: fills normed1, projected, context, middle, normed2 and both stats from x. With
// keepPowers the attention powers of all heads stay in tile.powers.
void attentionHalf(const EncoderCall& call, Tile& tile, bool keepPowers);

// Tokens that go through the feed-forward half together.
constexpr int FEED_FORWARD_TOKENS = 4 * W;
