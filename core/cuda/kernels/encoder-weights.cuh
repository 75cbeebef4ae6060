// Gradients of an encoder layer's weights from what encoder_backward left.
//
// They are sums over all tokens, so blocks take ranges of tokens and their sums are added in order afterwards. Against the
// layer norms' results only sums with `unit` = (x - mean) / deviation are formed: with U = sum of dOut^T unit and s = sum of
// dOut over tokens, W [features, D] of the product that follows has gradient U * scale + s * bias, the scale has the column
// sums of U * W and the bias those of s * W.
#pragma once
#include "encoder-sums.cuh"

constexpr int WARPS = ENCODER_THREADS / WARP;

// Tiles of features whose sums a block makes, so that they fit its registers.
__host__ __device__ constexpr int featureTiles(int widthTiles) { return widthTiles > 4 ? 2 : 4; }

// Memory of a block: a left and a right tile per warp, and in their place the sums of the block.
template <int LEFT, int RIGHT>
__host__ __device__ constexpr int sharedNumbers() {
  constexpr int staged = WARPS * (StagedTile<LEFT>::numbers + StagedTile<RIGHT>::numbers);
  constexpr int summed = LEFT * 8 * RIGHT * 8;
  return staged > summed ? staged : summed;
}

// Calls body(rows of a tile, in units of tokens) for the tiles of the warp in the block's range of all tokens.
template <class Body>
__device__ void forEachTile(const EncoderCall& call, const Body& body) {
  const Sizes& z = call.sizes;
  const long long tokens = (long long)z.batch * z.rows * z.variables, tiles = (tokens + TILE_TOKENS - 1) / TILE_TOKENS;
  const long long range = blockIdx.y, ranges = gridDim.y;
  for (long long tile = tiles * range / ranges + threadIdx.x / WARP; tile < tiles * (range + 1) / ranges; tile += WARPS) {
    TileRows rows;
    for (int half = 0; half < 2; half++) {
      const long long token = tile * TILE_TOKENS + laneOf().row + 8 * half;
      const bool real = token < tokens && !(call.padding.rowMask && !(call.padding.rowMask[token / z.variables] > 0));
      rows.at[half] = real ? token : -1;
    }
    body(rows);
  }
}

__device__ inline TileRows scaled(const TileRows& tokens, int columns) {
  TileRows rows;
  for (int half = 0; half < 2; half++) rows.at[half] = tokens.at[half] < 0 ? -1 : tokens.at[half] * columns;
  return rows;
}

template <int TILES>
__device__ void toUnit(float (&tile)[TILES][4], const NormStatistics& statistics) {
  forEachNumber<TILES>([&](int j, int e, int half, int) {
    tile[j][e] = (tile[j][e] - statistics.mean[half]) * statistics.reciprocal[half];
  });
}

// One warp's memory for outer products.
template <bool EXACT, int LEFT, int RIGHT>
struct Stage {
  float *left, *right;
  __device__ explicit Stage(float* shared) {
    left = shared + threadIdx.x / WARP * (StagedTile<LEFT>::numbers + StagedTile<RIGHT>::numbers);
    right = left + StagedTile<LEFT>::numbers;
  }
  __device__ void setLeft(const float (&tile)[LEFT][4]) const { set(tile, left); }
  __device__ void setRight(const float (&tile)[RIGHT][4]) const { set(tile, right); }

  // Adds the products of both tiles, which may be set anew afterwards.
  __device__ void addTo(OuterSums<LEFT, RIGHT>& sums) const {
    __syncwarp();
    sums.template add<EXACT>(left, right);
    __syncwarp();
  }

 private:
  template <int TILES>
  __device__ static void set(const float (&tile)[TILES][4], float* to) {
    float copy[TILES][4];
    forEachNumber<TILES>([&](int j, int e, int, int) { copy[j][e] = rounded<EXACT>(tile[j][e]); });
    stageTile(copy, TILES * 8, to, StagedTile<TILES>::stride);
  }
};

// Sums for both matrices of the feed-forward branch: of FEATURES tiles of hidden units per blockIdx.x.
template <int WIDTH_TILES, bool EXACT, int FEATURES = featureTiles(WIDTH_TILES)>
__device__ void feedForwardWeights(const EncoderCall& call, const float* middle, const float* dy, float* partial) {
  __shared__ __align__(16) float shared[sharedNumbers<FEATURES, WIDTH_TILES>()];
  const int width = call.sizes.width, first = blockIdx.x * FEATURES;
  const float* packed = call.packed;
  const PackedLayout layout(WIDTH_TILES, call.sizes.attention, call.sizes.hidden);
  const Stage<EXACT, FEATURES, WIDTH_TILES> stage(shared);
  OuterSums<FEATURES, WIDTH_TILES> ff1, ff2;
  ColumnSums<FEATURES> ff1Bias;
  ColumnSums<WIDTH_TILES> ff2Bias;
  forEachTile(call, [&](const TileRows& tokens) {
    const TileRows rows = scaled(tokens, width);
    float normed[WIDTH_TILES][4], dOut[WIDTH_TILES][4], hidden[FEATURES][4], dHidden[FEATURES][4];
    loadTile(middle, rows, width, normed);
    toUnit(normed, normStatistics(normed, width));
    stage.setRight(normed);
    forEachNumber<WIDTH_TILES>([&](int j, int e, int, int column) {
      normed[j][e] = rounded<EXACT>(normed[j][e] * packed[layout.norm2Scale + column] + packed[layout.norm2Bias + column]);
    });
    hiddenChunk<EXACT>(call, layout, normed, first, hidden);
    loadTile(dy, rows, width, dOut);
    applyDropout(call.dropout(1), rows, dOut);
    ff2Bias.add(dOut);
    roundAll<EXACT>(dOut);
    hiddenGradient<EXACT>(call, layout, dOut, hidden, first, dHidden);
    ff1Bias.add(dHidden);
    stage.setLeft(dHidden);
    stage.addTo(ff1);
    stage.setLeft(hidden);
    stage.setRight(dOut);
    stage.addTo(ff2);
  });
  const SumsLayout sums(call.sizes);
  float* own = partial + (long long)blockIdx.y * sums.numbers;
  const int feature = first * 8, features = min(FEATURES * 8, call.sizes.hidden - feature);
  ff1.write(shared, features, width, own + sums.ff1 + feature * width);
  ff2.write(shared, features, width, own + sums.ff2 + feature * width);
  ff1Bias.write(shared, features, own + sums.ff1Bias + feature);
  if (first == 0) ff2Bias.write(shared, width, own + sums.ff2Bias);
}

// Sums for FEATURES tiles of features of the projections to queries, keys and values, then of those of the one behind.
template <int WIDTH_TILES, bool EXACT, int FEATURES = featureTiles(WIDTH_TILES)>
__device__ void projectionWeights(const EncoderCall& call, const float* x, const float* middleGradient, const float* context,
                                  const float* projectedGradient, float* partial) {
  __shared__ __align__(16) float shared[sharedNumbers<FEATURES, WIDTH_TILES>()];
  const int width = call.sizes.width, A = call.sizes.attention;
  const int inChunks = (3 * A + 8 * FEATURES - 1) / (8 * FEATURES), chunk = blockIdx.x;
  const bool in = chunk < inChunks;
  const int columns = in ? 3 * A : A, feature = (in ? chunk : chunk - inChunks) * 8 * FEATURES;
  const float* from = (in ? projectedGradient : context) + feature;
  const Stage<EXACT, FEATURES, WIDTH_TILES> stage(shared);
  OuterSums<FEATURES, WIDTH_TILES> matrix;
  ColumnSums<FEATURES> leftSums;
  ColumnSums<WIDTH_TILES> rightSums;
  forEachTile(call, [&](const TileRows& tokens) {
    const TileRows rows = scaled(tokens, width);
    float left[FEATURES][4], right[WIDTH_TILES][4];
    loadTile(from, scaled(tokens, columns), columns - feature, left);
    loadTile(in ? x : middleGradient, rows, width, right);
    if (in) {
      toUnit(right, normStatistics(right, width));
      leftSums.add(left);
    } else {
      applyDropout(call.dropout(0), rows, right);
      rightSums.add(right);
    }
    stage.setLeft(left);
    stage.setRight(right);
    stage.addTo(matrix);
  });
  const SumsLayout sums(call.sizes);
  float* own = partial + (long long)blockIdx.y * sums.numbers;
  const int features = min(FEATURES * 8, columns - feature);
  matrix.write(shared, features, width, own + (in ? sums.in : sums.out) + feature * width);
  if (in) leftSums.write(shared, features, own + sums.inBias + feature);
  else if (chunk == inChunks) rightSums.write(shared, width, own + sums.outBias);
}

// encoder_feed_forward_weights_WIDTH(call, middle, dy, partial): partial [gridDim.y, SumsLayout's numbers], middle as
// encoder_backward left it. Grid: (hidden units / features of a block: 16 at width 64, else 32; ranges of tokens), blocks of
// 128 threads.
// encoder_projection_weights_WIDTH(call, x, middleGradient, context, projectedGradient, partial): the other numbers of
// partial. Grid: (3 A / features of a block + A / features, each rounded up; ranges of tokens).
