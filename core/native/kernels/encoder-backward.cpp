#include <algorithm>
#include <mutex>

#include "attention.h"
#include "encoder.h"
#include "thread-pool.h"
#include "weight-sums.h"

namespace {

// Contiguous ranges of tiles with an accumulator each; their sums are added in order, so the result does not depend on
// which thread took which range.
constexpr int RANGES = 16;
// Above this size the attention powers of a tile are computed a second time instead of kept (bytes, part of a second-level cache).
constexpr size_t KEPT_BYTES = 768 * 1024;

// Buffers of the backward pass of one tile beside those of Tile.
struct GradientTile {
  float *dy, *dMiddle, *dNormed, *dBranch, *dContext, *dProjected;  // [features, tokens]
  float *hidden, *dHidden, *dOut;                                   // one feed-forward chunk, [features, places]
  float *inputRows, *outputRows;                                    // [tokens, Dp], token by token
  float* attention;
  float* unusedSums;  // [F, W], where weight gradients are not wanted
};

void addRowSums(const float* values, int features, int tokens, ptrdiff_t stride, float* sums) {
  for (int c = 0; c < features; c++) {
    Vec sum = load(sums + c * W);
    for (int t = 0; t < tokens; t += W) sum += load(values + c * stride + t);
    store(sums + c * W, sum);
  }
}

// sums [features, Dp] += values [features, tokens] * rows [tokens, Dp].
void addOuterProduct(const float* values, int features, int tokens, ptrdiff_t stride, const float* rows, int rowSize,
                     float* sums) {
  Gemm g;
  g.rows = features, g.columns = rowSize / W, g.depth = tokens;
  g.a = values, g.aRow = stride, g.aDepth = 1;
  g.b = rows, g.bDepth = rowSize;
  g.c = sums, g.cRow = rowSize;
  g.start = Start::accumulate;
  gemm(g);
}

// Silences the gradient where the hidden unit was off, and adds it up for the bias.
struct ReluGradient {
  const float* hidden;
  ptrdiff_t row;
  float* sums;  // [F, W]
  template <int MR, int NV>
  void apply(Vec (&block)[MR][NV], int m, int v) const {
#pragma GCC unroll 16
    for (int i = 0; i < MR; i++) {
      Vec sum = load(sums + (m + i) * W);
#pragma GCC unroll 16
      for (int j = 0; j < NV; j++) {
        block[i][j] = load(hidden + (m + i) * row + (v + j) * W) > 0.0f ? block[i][j] : Vec{};
        sum += block[i][j];
      }
      store(sums + (m + i) * W, sum);
    }
  }
};

// out [columns of the weight, places] = finish(weight^T [out, in] * values [out, places]).
template <class Finish>
void backThrough(const float* weight, int outputs, int inputs, const float* values, ptrdiff_t valuesRow, int places,
                 float* out, ptrdiff_t outRow, const Finish& finish) {
  Gemm g;
  g.rows = inputs, g.columns = places / W, g.depth = outputs;
  g.a = weight, g.aDepth = inputs;
  g.b = values, g.bDepth = valuesRow;
  g.c = out, g.cRow = outRow;
  gemm(g, finish);
}

// dX += gradient of layer norm; x, dOut, dX [D, tokens].
void normaliseGradient(const float* x, const float* dOut, const Tile& tile, int width, const float* scale,
                       const float* stats, float* dX, float* scaleSums, float* biasSums) {
  const ptrdiff_t T = tile.tokens;
  for (int t = 0; t < T; t += W) {
    const Vec mean = load(stats + t), reciprocal = load(stats + T + t);
    Vec sum = {}, dot = {};
    for (int c = 0; c < width; c++) {
      const Vec unit = (load(x + c * T + t) - mean) * reciprocal, d = load(dOut + c * T + t);
      const Vec scaled = d * scale[c];
      sum += scaled;
      dot += scaled * unit;
      if (scaleSums) {
        store(scaleSums + c * W, load(scaleSums + c * W) + d * unit);
        store(biasSums + c * W, load(biasSums + c * W) + d);
      }
    }
    sum /= (float)width;
    dot /= (float)width;
    for (int c = 0; c < width; c++) {
      const Vec unit = (load(x + c * T + t) - mean) * reciprocal;
      float* at = dX + c * T + t;
      store(at, load(at) + reciprocal * (load(dOut + c * T + t) * scale[c] - sum - unit * dot));
    }
  }
}

// Copies a [D, tokens] buffer token by token into rows of Dp numbers; the padding of a row is 0.
void toRows(const float* values, ptrdiff_t stride, int width, int tokens, int rowSize, float* rows) {
  if (rowSize != width) std::memset(rows, 0, (size_t)tokens * rowSize * sizeof(float));
  transposeCopy(values, stride, width, tokens, rows, rowSize);
}

class TileBackward {
 public:
  TileBackward(const EncoderCall& call, const TilePlan& plan, WeightSums* sums) : call_(call), plan_(plan), sums_(sums) {
    const EncoderSizes& z = call.sizes;
    const size_t most = plan.maxTokens(), D = z.width, A = z.attention, F = z.hidden, row = z.paddedWidth();
    const size_t perHead = powersSize(call.bundled, plan.longest());
    kept_ = perHead * z.heads * sizeof(float) <= KEPT_BYTES;
    const size_t powers = perHead * (kept_ ? z.heads : 1);
    const size_t attention = attentionGradientScratch(call.bundled, plan.longest());
    Scratch& scratch = threadScratch();
    scratch.reset(most * (8 * D + 8 * A + 2 * row + z.heads + 4) + (2 * F + D) * FEED_FORWARD_TOKENS + powers + attention +
                  F * W + 40 * W);
    tile_.offsets.resize(most);
    for (float** buffer : {&tile_.x, &tile_.normed1, &tile_.middle, &tile_.normed2, &gradient_.dy, &gradient_.dMiddle,
                           &gradient_.dNormed, &gradient_.dBranch})
      *buffer = scratch.take(most * D);
    tile_.projected = scratch.take(most * 3 * A);
    tile_.context = scratch.take(most * A);
    tile_.stats1 = scratch.take(most * 2);
    tile_.stats2 = scratch.take(most * 2);
    tile_.powers = scratch.take(powers);
    tile_.reciprocals = scratch.take(most * z.heads);
    gradient_.dContext = scratch.take(most * A);
    gradient_.dProjected = scratch.take(most * 3 * A);
    gradient_.hidden = scratch.take(F * FEED_FORWARD_TOKENS);
    gradient_.dHidden = scratch.take(F * FEED_FORWARD_TOKENS);
    gradient_.dOut = scratch.take(D * FEED_FORWARD_TOKENS);
    gradient_.inputRows = scratch.take(most * row);
    gradient_.outputRows = scratch.take(most * row);
    gradient_.attention = scratch.take(attention);
    gradient_.unusedSums = scratch.take(F * W);
  }

  void run(int index, const float* x, const float* dy, float* dx) {
    const int D = call_.sizes.width;
    tile_.positions = plan_.positions(index, tile_.offsets);
    tile_.tokens = call_.bundled ? tile_.positions * W : roundUp(tile_.positions);
    used_ = call_.bundled ? tile_.tokens : tile_.positions;
    loadTile(x, tile_, D, tile_.x, dx);
    loadTile(dy, tile_, D, gradient_.dy);
    attentionHalf(call_, tile_, kept_);
    std::memcpy(gradient_.dMiddle, gradient_.dy, (size_t)D * tile_.tokens * sizeof(float));
    feedForwardGradient();
    attentionHalfGradient();
    storeTile(gradient_.dMiddle, tile_, D, dx);
  }

 private:
  // dMiddle += what comes back through FF(LN2 middle).
  void feedForwardGradient() {
    const int D = call_.sizes.width;
    const ptrdiff_t T = tile_.tokens;
    if (sums_) toRows(tile_.normed2, T, D, used_, call_.sizes.paddedWidth(), gradient_.inputRows);
    for (int first = 0; first < T; first += FEED_FORWARD_TOKENS)
      feedForwardChunk(first, std::min(FEED_FORWARD_TOKENS, (int)T - first));
    const auto& w = call_.weights;
    normaliseGradient(tile_.middle, gradient_.dNormed, tile_, D, w.norm2Scale, tile_.stats2, gradient_.dMiddle,
                      sums_ ? sums_->norm2Scale : nullptr, sums_ ? sums_->norm2Bias : nullptr);
  }

  void feedForwardChunk(int first, int places) {
    const int D = call_.sizes.width, F = call_.sizes.hidden, row = call_.sizes.paddedWidth();
    const ptrdiff_t T = tile_.tokens;
    const auto& w = call_.weights;
    Gemm g;
    g.rows = F, g.columns = places / W, g.depth = D;
    g.a = call_.packed->ff1.data(), g.aDepth = F;
    g.b = tile_.normed2 + first, g.bDepth = T;
    g.c = gradient_.hidden, g.cRow = places;
    g.start = Start::bias, g.bias = w.ff1Bias, g.relu = true;
    gemm(g);
    const float* dOut = gradient_.dy + first;
    ptrdiff_t dOutRow = T;
    if (call_.hiddenDropout.active()) {
      for (int c = 0; c < D; c++) std::memcpy(gradient_.dOut + c * places, dOut + c * T, places * sizeof(float));
      applyDropout(call_.hiddenDropout, tile_, D, first, places, gradient_.dOut, places);
      dOut = gradient_.dOut;
      dOutRow = places;
    }
    const ReluGradient relu = {gradient_.hidden, places, sums_ ? sums_->ff1Bias : gradient_.unusedSums};
    backThrough(w.ff2Weight, D, F, dOut, dOutRow, places, gradient_.dHidden, places, relu);
    backThrough(w.ff1Weight, F, D, gradient_.dHidden, places, places, gradient_.dNormed + first, T, Plain{});
    if (!sums_) return;
    const int used = std::min(places, used_ - first);
    toRows(dOut, dOutRow, D, used, row, gradient_.outputRows);
    addOuterProduct(gradient_.hidden, F, used, places, gradient_.outputRows, row, sums_->ff2Transposed);
    addOuterProduct(gradient_.dHidden, F, used, places, gradient_.inputRows + (ptrdiff_t)first * row, row, sums_->ff1Weight);
    addRowSums(dOut, D, places, dOutRow, sums_->ff2Bias);
  }

  // dMiddle becomes the gradient of x.
  void attentionHalfGradient() {
    const int D = call_.sizes.width, A = call_.sizes.attention, row = call_.sizes.paddedWidth();
    const ptrdiff_t T = tile_.tokens;
    const auto& w = call_.weights;
    const float* dBranch = gradient_.dMiddle;
    if (call_.attentionDropout.active()) {
      std::memcpy(gradient_.dBranch, gradient_.dMiddle, D * T * sizeof(float));
      applyDropout(call_.attentionDropout, tile_, D, 0, T, gradient_.dBranch, T);
      dBranch = gradient_.dBranch;
    }
    backThrough(w.outWeight, D, A, dBranch, T, T, gradient_.dContext, T, Plain{});
    if (sums_) {
      toRows(dBranch, T, D, used_, row, gradient_.outputRows);
      addOuterProduct(tile_.context, A, used_, T, gradient_.outputRows, row, sums_->outTransposed);
      addRowSums(dBranch, D, T, T, sums_->outBias);
    }
    attendGradient(call_, tile_, kept_, gradient_.dContext, gradient_.dProjected, gradient_.attention);
    backThrough(w.inWeight, 3 * A, D, gradient_.dProjected, T, T, gradient_.dNormed, T, Plain{});
    if (sums_) {
      toRows(tile_.normed1, T, D, used_, row, gradient_.inputRows);
      addOuterProduct(gradient_.dProjected, 3 * A, used_, T, gradient_.inputRows, row, sums_->inWeight);
      addRowSums(gradient_.dProjected, 3 * A, T, T, sums_->inBias);
    }
    normaliseGradient(tile_.x, gradient_.dNormed, tile_, D, w.norm1Scale, tile_.stats1, gradient_.dMiddle,
                      sums_ ? sums_->norm1Scale : nullptr, sums_ ? sums_->norm1Bias : nullptr);
  }

  const EncoderCall& call_;
  const TilePlan& plan_;
  WeightSums* sums_;
  Tile tile_;
  GradientTile gradient_;
  bool kept_;
  int used_ = 0;  // tokens before the padding of a sequence tile
};

// Kept between calls: fresh memory would cost a page fault every 4 KiB.
std::mutex sumsMutex;
std::vector<float> sumsMemory;

}  // namespace

// Gradients of cp_encoder_forward by recomputation; arguments as there. Weight gradients are skipped when dNorm1Scale is
// null.
extern "C" void cp_encoder_backward(
    const float* x, const float* dy, float* dx, const float* rowMask, const int32_t* sizes, const uint32_t* dropout,
    float kept, const float* norm1Scale, const float* norm1Bias, const float* inWeight, const float* inBias,
    const float* outWeight, const float* outBias, const float* norm2Scale, const float* norm2Bias, const float* ff1Weight,
    const float* ff1Bias, const float* ff2Weight, const float* ff2Bias, float* dNorm1Scale, float* dNorm1Bias,
    float* dInWeight, float* dInBias, float* dOutWeight, float* dOutBias, float* dNorm2Scale, float* dNorm2Bias,
    float* dFf1Weight, float* dFf1Bias, float* dFf2Weight, float* dFf2Bias) {
  EncoderCall call;
  call.sizes = {sizes[3], sizes[4], sizes[5], sizes[6]};
  call.weights = {norm1Scale, norm1Bias, inWeight, inBias, outWeight, outBias,
                  norm2Scale, norm2Bias, ff1Weight, ff1Bias, ff2Weight, ff2Bias};
  const PackedWeights packed(call.sizes, call.weights);
  call.packed = &packed;
  call.attentionDropout = {dropout[0], dropout[2], kept};
  call.hiddenDropout = {dropout[1], dropout[2], kept};
  const TilePlan plan(sizes[0], sizes[1], sizes[2], sizes[3], sizes[7] != 0, rowMask);
  call.bundled = plan.bundled();

  std::lock_guard<std::mutex> lock(sumsMutex);
  const size_t numbers = WeightSums::numbers(call.sizes);
  const int ranges = std::max(1, std::min(std::max(RANGES, threadCount()), plan.tiles()));
  if (dNorm1Scale) sumsMemory.assign(numbers * ranges, 0.0f);
  parallelFor(ranges, [&](int64_t range) {
    WeightSums sums(call.sizes, dNorm1Scale ? sumsMemory.data() + numbers * range : nullptr);
    TileBackward backward(call, plan, dNorm1Scale ? &sums : nullptr);
    const int64_t tiles = plan.tiles();
    for (int64_t tile = tiles * range / ranges; tile < tiles * (range + 1) / ranges; tile++)
      backward.run((int)tile, x, dy, dx);
  });
  const int64_t rowSize = (int64_t)sizes[2] * sizes[3];
  for (const int64_t at : plan.paddedOffsets()) std::memcpy(dx + at, dy + at, rowSize * sizeof(float));
  if (!dNorm1Scale) return;
  writeSums(call.sizes, sumsMemory.data(), ranges,
            {dNorm1Scale, dNorm1Bias, dInWeight, dInBias, dOutWeight, dOutBias, dNorm2Scale, dNorm2Bias, dFf1Weight,
             dFf1Bias, dFf2Weight, dFf2Bias});
}
