// Gradients of an encoder layer's weights from what encoder_backward left.
//
// They are sums over all tokens, so blocks take ranges of tokens and their sums are added in order afterwards. Against the
// layer norms' results only sums with `unit` = (x - mean) / deviation are formed: with U = sum of dOut^T unit and s = sum of
// dOut over tokens, W [features, D] of the product that follows has gradient U * scale + s * bias, the scale has the column
// sums of U * W and the bias those of s * W.
#include "encoder-sums.cuh"

namespace {

constexpr int THREADS = 128, WARPS = THREADS / WARP;

// Tiles of features whose sums a block makes, so that they fit its registers.
__host__ __device__ constexpr int featureTiles(int widthTiles) { return widthTiles > 4 ? 2 : 4; }

// Where sums lie in one range's numbers; matrices are [features, D].
struct SumsLayout {
  int in, inBias, out, outBias, ff1, ff1Bias, ff2, ff2Bias, numbers;
  __device__ explicit SumsLayout(const Sizes& z) {
    in = 0;
    inBias = in + 3 * z.attention * z.width;
    out = inBias + 3 * z.attention;  // context^T dBranch
    outBias = out + z.attention * z.width;
    ff1 = outBias + z.width;
    ff1Bias = ff1 + z.hidden * z.width;
    ff2 = ff1Bias + z.hidden;  // hidden^T dOut
    ff2Bias = ff2 + z.hidden * z.width;
    numbers = ff2Bias + z.width;
  }
};

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

__device__ TileRows scaled(const TileRows& tokens, int columns) {
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
  __device__ void add(float (&leftTile)[LEFT][4], float (&rightTile)[RIGHT][4], OuterSums<LEFT, RIGHT>& sums) const {
    roundAll<EXACT>(leftTile);
    roundAll<EXACT>(rightTile);
    __syncwarp();
    stageTile(leftTile, LEFT * 8, left, StagedTile<LEFT>::stride);
    stageTile(rightTile, RIGHT * 8, right, StagedTile<RIGHT>::stride);
    __syncwarp();
    sums.template add<EXACT>(left, right);
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
    float unit[WIDTH_TILES][4], dOut[WIDTH_TILES][4], hidden[FEATURES][4], dHidden[FEATURES][4];
    loadTile(middle, rows, width, unit);
    toUnit(unit, normStatistics(unit, width));
    {
      float normed[WIDTH_TILES][4];
      forEachNumber<WIDTH_TILES>([&](int j, int e, int, int column) {
        normed[j][e] = rounded<EXACT>(unit[j][e] * packed[layout.norm2Scale + column] + packed[layout.norm2Bias + column]);
      });
      hiddenChunk<EXACT>(call, layout, normed, first, hidden);
    }
    loadTile(dy, rows, width, dOut);
    applyDropout(call.dropout(1), rows, dOut);
    ff2Bias.add(dOut);
    roundAll<EXACT>(dOut);
    hiddenGradient<EXACT>(call, layout, dOut, hidden, first, dHidden);
    ff1Bias.add(dHidden);
    stage.add(dHidden, unit, ff1);
    stage.add(hidden, dOut, ff2);
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
    stage.add(left, right, matrix);
  });
  const SumsLayout sums(call.sizes);
  float* own = partial + (long long)blockIdx.y * sums.numbers;
  const int features = min(FEATURES * 8, columns - feature);
  matrix.write(shared, features, width, own + (in ? sums.in : sums.out) + feature * width);
  if (in) leftSums.write(shared, features, own + sums.inBias + feature);
  else if (chunk == inChunks) rightSums.write(shared, width, own + sums.outBias);
}

struct WeightGradients {
  float *norm1Scale, *norm1Bias, *inWeight, *inBias, *outWeight, *outBias, *norm2Scale, *norm2Bias, *ff1Weight, *ff1Bias,
      *ff2Weight, *ff2Bias;
};

// A matrix behind a layer norm.
struct BehindNorm {
  const float *scale, *bias, *weight;  // [D], [D], [features, D]
  const float *unitSums, *sums;        // U and s
  int width, features;

  __device__ float matrix(int place) const {
    return unitSums[place] * scale[place % width] + sums[place / width] * bias[place % width];
  }
  __device__ float normScale(int column) const {
    float sum = 0;
    for (int f = 0; f < features; f++) sum += unitSums[f * width + column] * weight[f * width + column];
    return sum;
  }
  __device__ float normBias(int column) const {
    float sum = 0;
    for (int f = 0; f < features; f++) sum += sums[f] * weight[f * width + column];
    return sum;
  }
};

}  // namespace

// partial [gridDim.y, SumsLayout's numbers]; middle as encoder_backward left it. Grid: (hidden units / features of a
// block: 16 at width 64, else 32; ranges of tokens), blocks of 128 threads; widths up to the number in the name, here and below.
extern "C" __global__ void __launch_bounds__(THREADS)
    encoder_feed_forward_weights_8(EncoderCall call, const float* middle, const float* dy, float* partial) {
  feedForwardWeights<1, false>(call, middle, dy, partial);
}
extern "C" __global__ void __launch_bounds__(THREADS)
    encoder_feed_forward_weights_16(EncoderCall call, const float* middle, const float* dy, float* partial) {
  feedForwardWeights<2, false>(call, middle, dy, partial);
}
extern "C" __global__ void __launch_bounds__(THREADS)
    encoder_feed_forward_weights_32(EncoderCall call, const float* middle, const float* dy, float* partial) {
  feedForwardWeights<4, false>(call, middle, dy, partial);
}
extern "C" __global__ void __launch_bounds__(THREADS)
    encoder_feed_forward_weights_64(EncoderCall call, const float* middle, const float* dy, float* partial) {
  feedForwardWeights<8, false>(call, middle, dy, partial);
}
extern "C" __global__ void __launch_bounds__(THREADS)
    encoder_feed_forward_weights_8_exact(EncoderCall call, const float* middle, const float* dy, float* partial) {
  feedForwardWeights<1, true>(call, middle, dy, partial);
}
extern "C" __global__ void __launch_bounds__(THREADS)
    encoder_feed_forward_weights_16_exact(EncoderCall call, const float* middle, const float* dy, float* partial) {
  feedForwardWeights<2, true>(call, middle, dy, partial);
}
extern "C" __global__ void __launch_bounds__(THREADS)
    encoder_feed_forward_weights_32_exact(EncoderCall call, const float* middle, const float* dy, float* partial) {
  feedForwardWeights<4, true>(call, middle, dy, partial);
}
extern "C" __global__ void __launch_bounds__(THREADS)
    encoder_feed_forward_weights_64_exact(EncoderCall call, const float* middle, const float* dy, float* partial) {
  feedForwardWeights<8, true>(call, middle, dy, partial);
}

// The other numbers of partial. Grid: (3 A / features of a block + A / features, each rounded up; ranges of tokens).
extern "C" __global__ void __launch_bounds__(THREADS)
    encoder_projection_weights_8(EncoderCall call, const float* x, const float* middleGradient, const float* context,
                               const float* projectedGradient, float* partial) {
  projectionWeights<1, false>(call, x, middleGradient, context, projectedGradient, partial);
}
extern "C" __global__ void __launch_bounds__(THREADS)
    encoder_projection_weights_16(EncoderCall call, const float* x, const float* middleGradient, const float* context,
                               const float* projectedGradient, float* partial) {
  projectionWeights<2, false>(call, x, middleGradient, context, projectedGradient, partial);
}
extern "C" __global__ void __launch_bounds__(THREADS)
    encoder_projection_weights_32(EncoderCall call, const float* x, const float* middleGradient, const float* context,
                               const float* projectedGradient, float* partial) {
  projectionWeights<4, false>(call, x, middleGradient, context, projectedGradient, partial);
}
extern "C" __global__ void __launch_bounds__(THREADS)
    encoder_projection_weights_64(EncoderCall call, const float* x, const float* middleGradient, const float* context,
                               const float* projectedGradient, float* partial) {
  projectionWeights<8, false>(call, x, middleGradient, context, projectedGradient, partial);
}
extern "C" __global__ void __launch_bounds__(THREADS)
    encoder_projection_weights_8_exact(EncoderCall call, const float* x, const float* middleGradient, const float* context,
                               const float* projectedGradient, float* partial) {
  projectionWeights<1, true>(call, x, middleGradient, context, projectedGradient, partial);
}
extern "C" __global__ void __launch_bounds__(THREADS)
    encoder_projection_weights_16_exact(EncoderCall call, const float* x, const float* middleGradient, const float* context,
                               const float* projectedGradient, float* partial) {
  projectionWeights<2, true>(call, x, middleGradient, context, projectedGradient, partial);
}
extern "C" __global__ void __launch_bounds__(THREADS)
    encoder_projection_weights_32_exact(EncoderCall call, const float* x, const float* middleGradient, const float* context,
                               const float* projectedGradient, float* partial) {
  projectionWeights<4, true>(call, x, middleGradient, context, projectedGradient, partial);
}
extern "C" __global__ void __launch_bounds__(THREADS)
    encoder_projection_weights_64_exact(EncoderCall call, const float* x, const float* middleGradient, const float* context,
                               const float* projectedGradient, float* partial) {
  projectionWeights<8, true>(call, x, middleGradient, context, projectedGradient, partial);
}

// The twelve gradients from the sums over all ranges; one thread per number of the sums.
extern "C" __global__ void encoder_weight_gradients(EncoderCall call, const float* total, const float* norm1Scale,
                                                    const float* norm1Bias, const float* inWeight, const float* norm2Scale,
                                                    const float* norm2Bias, const float* ff1Weight, WeightGradients to) {
  const Sizes& z = call.sizes;
  const SumsLayout sums(z);
  const int place = blockIdx.x * blockDim.x + threadIdx.x, D = z.width, A = z.attention, F = z.hidden;
  if (place >= sums.numbers) return;
  const BehindNorm in = {norm1Scale, norm1Bias, inWeight, total + sums.in, total + sums.inBias, D, 3 * A};
  const BehindNorm ff1 = {norm2Scale, norm2Bias, ff1Weight, total + sums.ff1, total + sums.ff1Bias, D, F};
  if (place < sums.inBias) to.inWeight[place] = in.matrix(place);
  else if (place < sums.out) to.inBias[place - sums.inBias] = total[place];
  else if (place < sums.outBias) {
    const int at = place - sums.out;
    to.outWeight[at % D * A + at / D] = total[place];
  } else if (place < sums.ff1) {
    const int column = place - sums.outBias;
    to.outBias[column] = total[place];
    to.norm1Scale[column] = in.normScale(column);
    to.norm1Bias[column] = in.normBias(column);
  } else if (place < sums.ff1Bias) to.ff1Weight[place - sums.ff1] = ff1.matrix(place - sums.ff1);
  else if (place < sums.ff2) to.ff1Bias[place - sums.ff1Bias] = total[place];
  else if (place < sums.ff2Bias) {
    const int at = place - sums.ff2;
    to.ff2Weight[at % D * F + at / D] = total[place];
  } else {
    const int column = place - sums.ff2Bias;
    to.ff2Bias[column] = total[place];
    to.norm2Scale[column] = ff1.normScale(column);
    to.norm2Bias[column] = ff1.normBias(column);
  }
}
