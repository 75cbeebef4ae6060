#include "encoder.h"

#include <algorithm>
#include <cstdlib>

#include "attention.h"

namespace {

constexpr float EPSILON = 1e-5f;
// Bundles pay off while one vector of queries would be mostly empty.
constexpr int LONGEST_BUNDLED = 24;

void prefetchRows(const float* target, const int64_t* offsets, int width) {
  constexpr int LINE = 64 / sizeof(float);
  for (int i = 0; i < W; i++)
    for (int c = 0; c < width && offsets[i] >= 0; c += LINE) __builtin_prefetch(target + offsets[i] + c, 1, 2);
}

std::vector<float> transposed(const float* from, int rows, int columns) {
  std::vector<float> to((size_t)rows * columns);
  transposeCopy(from, columns, rows, columns, to.data(), rows);
  return to;
}

}  // namespace

PackedWeights::PackedWeights(const EncoderSizes& sizes, const EncoderWeights<const float*>& w) {
  const int D = sizes.width, A = sizes.attention;
  queryScale = 1.4426950408889634f / std::sqrt((float)sizes.key());
  in = transposed(w.inWeight, 3 * A, D);
  for (int c = 0; c < D; c++)
    for (int a = 0; a < A; a++) in[(size_t)c * 3 * A + a] *= queryScale;
  inBias.assign(w.inBias, w.inBias + 3 * A);
  for (int a = 0; a < A; a++) inBias[a] *= queryScale;
  out = transposed(w.outWeight, D, A);
  ff1 = transposed(w.ff1Weight, sizes.hidden, D);
  ff2 = transposed(w.ff2Weight, D, sizes.hidden);
}

TilePlan::TilePlan(int batch, int rows, int variables, int width, bool alongRows, const float* rowMask)
    : batch_(batch), rows_(rows), variables_(variables), width_(width), alongRows_(alongRows), validRows_(batch) {
  const int64_t rowSize = (int64_t)variables * width;
  for (int b = 0; b < batch; b++)
    for (int r = 0; r < rows; r++) {
      if (!rowMask || rowMask[b * rows + r] > 0) validRows_[b].push_back(r);
      else padded_.push_back(((int64_t)b * rows + r) * rowSize);
    }
  if (!alongRows) {
    longest_ = variables;
    for (int b = 0; b < batch; b++)
      for (const int r : validRows_[b]) sequenceStarts_.push_back(((int64_t)b * rows + r) * rowSize);
  } else {
    for (int b = 0; b < batch; b++) longest_ = std::max(longest_, (int)validRows_[b].size());
    for (int b = 0; b < batch; b++)
      for (int v = 0; v < variables && !validRows_[b].empty(); v++) rowSequences_.push_back({b, v});
    if (padded_.empty())
      for (const auto& [b, v] : rowSequences_) sequenceStarts_.push_back(b * rows * rowSize + (int64_t)v * width);
  }
  bundled_ = longest_ <= LONGEST_BUNDLED && sequenceStarts_.size() > 1;
  if (bundled_) tiles_ = (int)((sequenceStarts_.size() + W - 1) / W);
  else tiles_ = (int)(alongRows ? rowSequences_.size() : sequenceStarts_.size());
}

int TilePlan::positions(int tile, std::vector<int64_t>& offsets) const {
  const int64_t step = alongRows_ ? (int64_t)variables_ * width_ : width_;
  std::fill(offsets.begin(), offsets.end(), -1);
  if (bundled_) {
    const size_t first = (size_t)tile * W, lanes = std::min((size_t)W, sequenceStarts_.size() - first);
    for (int s = 0; s < longest_; s++)
      for (size_t lane = 0; lane < lanes; lane++) offsets[s * W + lane] = sequenceStarts_[first + lane] + s * step;
    return longest_;
  }
  if (!alongRows_) {
    for (int s = 0; s < variables_; s++) offsets[s] = sequenceStarts_[tile] + s * step;
    return variables_;
  }
  const auto [b, v] = rowSequences_[tile];
  const std::vector<int>& valid = validRows_[b];
  const int64_t base = (int64_t)b * rows_ * step + (int64_t)v * width_;
  for (size_t s = 0; s < valid.size(); s++) offsets[s] = base + valid[s] * step;
  return (int)valid.size();
}

void loadTile(const float* from, const Tile& tile, int width, float* to, const float* target) {
  const ptrdiff_t T = tile.tokens;
  for (int t = 0; t < T; t += W) {
    const int64_t* at = tile.offsets.data() + t;
    if (target) prefetchRows(target, at, width);
    int c = 0;
    for (; c + W <= width; c += W) {
      Vec block[W];
      for (int i = 0; i < W; i++) block[i] = at[i] < 0 ? Vec{} : load(from + at[i] + c);
      transposeBlock(block);
      for (int i = 0; i < W; i++) store(to + (c + i) * T + t, block[i]);
    }
    for (; c < width; c++)
      for (int i = 0; i < W; i++) to[c * T + t + i] = at[i] < 0 ? 0.0f : from[at[i] + c];
  }
}

void storeTile(const float* from, const Tile& tile, int width, float* to) {
  const ptrdiff_t T = tile.tokens;
  for (int t = 0; t < T; t += W) {
    const int64_t* at = tile.offsets.data() + t;
    int c = 0;
    for (; c + W <= width; c += W) {
      Vec block[W];
      for (int i = 0; i < W; i++) block[i] = load(from + (c + i) * T + t);
      transposeBlock(block);
      for (int i = 0; i < W; i++)
        if (at[i] >= 0) store(to + at[i] + c, block[i]);
    }
    for (; c < width; c++)
      for (int i = 0; i < W; i++)
        if (at[i] >= 0) to[at[i] + c] = from[c * T + t + i];
  }
}

void normalise(const float* x, const Tile& tile, int width, const float* scale, const float* bias, float* out,
               float* stats) {
  const ptrdiff_t T = tile.tokens;
  for (int t = 0; t < T; t += W) {
    Vec sum = {}, squares = {};
    for (int c = 0; c < width; c++) sum += load(x + c * T + t);
    const Vec mean = sum / (float)width;
    for (int c = 0; c < width; c++) {
      const Vec centred = load(x + c * T + t) - mean;
      squares += centred * centred;
    }
    const Vec reciprocal = reciprocalSquareRoot(squares / (float)width + EPSILON);
    store(stats + t, mean);
    store(stats + T + t, reciprocal);
    for (int c = 0; c < width; c++)
      store(out + c * T + t, (load(x + c * T + t) - mean) * reciprocal * scale[c] + bias[c]);
  }
}

void applyDropout(const Dropout& dropout, const Tile& tile, int width, int firstToken, int tokens, float* values,
                  ptrdiff_t stride) {
  if (!dropout.active()) return;
  for (int t = 0; t < tokens; t += W) {
    VecWord index;
    for (int i = 0; i < W; i++) index[i] = (uint32_t)tile.offsets[firstToken + t + i];
    for (int c = 0; c < width; c++) {
      float* at = values + c * stride + t;
      store(at, load(at) * dropoutFactor(dropout, index + (uint32_t)c));
    }
  }
}

void attentionHalf(const EncoderCall& call, Tile& tile, bool keepPowers) {
  const int D = call.sizes.width, A = call.sizes.attention;
  const ptrdiff_t T = tile.tokens;
  const auto& w = call.weights;
  normalise(tile.x, tile, D, w.norm1Scale, w.norm1Bias, tile.normed1, tile.stats1);
  Gemm g;
  g.rows = 3 * A, g.columns = T / W, g.depth = D;
  g.a = call.packed->in.data(), g.aDepth = 3 * A;
  g.b = tile.normed1, g.bDepth = T;
  g.c = tile.projected, g.cRow = T;
  g.start = Start::bias, g.bias = call.packed->inBias.data();
  gemm(g);
  attend(call, tile, keepPowers);
  const bool dropped = call.attentionDropout.active();
  g.rows = D, g.depth = A;
  g.a = call.packed->out.data(), g.aDepth = D;
  g.b = tile.context;
  g.c = tile.middle;
  g.start = dropped ? Start::bias : Start::residual, g.bias = w.outBias, g.residual = tile.x;
  gemm(g);
  if (dropped) {
    applyDropout(call.attentionDropout, tile, D, 0, T, tile.middle, T);
    for (ptrdiff_t i = 0; i < D * T; i += W) store(tile.middle + i, load(tile.middle + i) + load(tile.x + i));
  }
  normalise(tile.middle, tile, D, w.norm2Scale, w.norm2Bias, tile.normed2, tile.stats2);
}
