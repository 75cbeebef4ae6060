#include <algorithm>

#include "attention.h"
#include "encoder.h"
#include "thread-pool.h"

namespace {

// y = middle + dropout(FF(normed2)), in place of middle; `hidden` holds [F, FEED_FORWARD_TOKENS].
void feedForwardHalf(const EncoderCall& call, Tile& tile, float* hidden, float* branch) {
  const int D = call.sizes.width, F = call.sizes.hidden;
  const ptrdiff_t T = tile.tokens;
  const bool dropped = call.hiddenDropout.active();
  for (int first = 0; first < T; first += FEED_FORWARD_TOKENS) {
    const int places = std::min(FEED_FORWARD_TOKENS, (int)T - first);
    Gemm g;
    g.rows = F, g.columns = places / W, g.depth = D;
    g.a = call.packed->ff1.data(), g.aDepth = F;
    g.b = tile.normed2 + first, g.bDepth = T;
    g.c = hidden, g.cRow = places;
    g.start = Start::bias, g.bias = call.weights.ff1Bias, g.relu = true;
    gemm(g);
    g = Gemm{};
    g.rows = D, g.columns = places / W, g.depth = F;
    g.a = call.packed->ff2.data(), g.aDepth = D;
    g.b = hidden, g.bDepth = places;
    g.bias = call.weights.ff2Bias;
    if (!dropped) {
      g.c = tile.middle + first, g.cRow = T, g.start = Start::accumulate;
      gemm(g);
      continue;
    }
    g.c = branch, g.cRow = places, g.start = Start::bias;
    gemm(g);
    applyDropout(call.hiddenDropout, tile, D, first, places, branch, places);
    for (int c = 0; c < D; c++)
      for (int t = 0; t < places; t += W) {
        float* at = tile.middle + c * T + first + t;
        store(at, load(at) + load(branch + c * places + t));
      }
  }
}

void forwardTile(const EncoderCall& call, const TilePlan& plan, int index, const float* x, float* y) {
  const EncoderSizes& z = call.sizes;
  const size_t most = plan.maxTokens();
  Scratch& scratch = threadScratch();
  const size_t powers = call.bundled ? powersSize(true, plan.longest()) : most * QUERY_VECTORS * W;
  scratch.reset(most * (3 * z.width + 4 * z.attention + z.heads + 4) + (size_t)(z.hidden + z.width) * FEED_FORWARD_TOKENS +
                powers + 16 * W);
  static thread_local Tile tile;
  tile.offsets.resize(most);
  tile.positions = plan.positions(index, tile.offsets);
  tile.tokens = call.bundled ? tile.positions * W : roundUp(tile.positions);
  tile.x = scratch.take(most * z.width);
  tile.normed1 = tile.normed2 = scratch.take(most * z.width);
  tile.middle = scratch.take(most * z.width);
  tile.projected = scratch.take(most * 3 * z.attention);
  tile.context = scratch.take(most * z.attention);
  tile.stats1 = tile.stats2 = scratch.take(most * 4);
  tile.powers = scratch.take(powers);
  tile.reciprocals = scratch.take(most * z.heads);
  float* hidden = scratch.take((size_t)z.hidden * FEED_FORWARD_TOKENS);
  float* branch = scratch.take((size_t)z.width * FEED_FORWARD_TOKENS);
  loadTile(x, tile, z.width, tile.x, y);
  attentionHalf(call, tile, false);
  feedForwardHalf(call, tile, hidden, branch);
  storeTile(tile.middle, tile, z.width, y);
}

}  // namespace

// x, y [batch, rows, variables, width]; sizes = batch, rows, variables, D, A, heads, F, along rows; dropout numbers as in
// core/tensor/encoder-layer.ts. rowMask may be null.
extern "C" void cp_encoder_forward(const float* x, float* y, const float* rowMask, const int32_t* sizes,
                                   const uint32_t* dropout, float kept, const float* norm1Scale, const float* norm1Bias,
                                   const float* inWeight, const float* inBias, const float* outWeight,
                                   const float* outBias, const float* norm2Scale, const float* norm2Bias,
                                   const float* ff1Weight, const float* ff1Bias, const float* ff2Weight,
                                   const float* ff2Bias) {
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
  parallelFor(plan.tiles(), [&](int64_t tile) { forwardTile(call, plan, (int)tile, x, y); });
  const int64_t rowSize = (int64_t)sizes[2] * sizes[3];
  for (const int64_t at : plan.paddedOffsets()) std::memcpy(y + at, x + at, rowSize * sizeof(float));
}
