// Gradient of one pre-norm transformer layer for its input, by recomputation and fused per group of sequences as the forward
// pass. For the gradients of the weights, which are sums over all tokens, it leaves what encoder-weights.cu needs.
#pragma once
#include "attention.cuh"
#include "encoder-tile.cuh"

// Where to leave, in the order of x, what the gradients of the weights need; null pointers where they are not wanted.
struct Kept {
  float* middle;             // [B, n, d, D], x and the attention branch
  float* middleGradient;     // [B, n, d, D]
  float* context;            // [B, n, d, A]
  float* projectedGradient;  // [B, n, d, 3A]
};

// Gradient of LN2's result for a tile: through both products of the feed-forward branch.
template <int WIDTH_TILES, bool EXACT>
__device__ void throughFeedForward(const EncoderCall& call, const PackedLayout& layout, const float (&normed)[WIDTH_TILES][4],
                                   const float (&dOut)[WIDTH_TILES][4], float (&dNormed)[WIDTH_TILES][4]) {
  const float* packed = call.packed;
  zeroTile(dNormed);
#pragma unroll 1
  for (int first = 0; first < layout.hiddenTiles; first += CHUNK) {
    float hidden[CHUNK][4], dHidden[CHUNK][4];
    hiddenChunk<EXACT>(call, layout, normed, first, hidden);
    hiddenGradient<EXACT>(call, layout, dOut, hidden, first, dHidden);
    multiplyPacked<EXACT>(dNormed, dHidden, packed + layout.ff1Back + first * WIDTH_TILES * TILE_NUMBERS, WIDTH_TILES, 0);
  }
}

// From a tile's context and dy to the gradient of middle, left in dx, and of the context, left in the work area.
template <int WIDTH_TILES, bool EXACT>
__device__ void feedForwardGradientTile(const EncoderCall& call, const PackedLayout& layout, const float* x, const float* dy,
                                        const TileRows& rows, const WorkArea& work, int first, float* dx, const Kept& kept) {
  const float* packed = call.packed;
  const int width = call.sizes.width, attention = call.sizes.attention;
  float middle[WIDTH_TILES][4], gradient[WIDTH_TILES][4];
  attentionResidual<WIDTH_TILES, EXACT>(call, layout, x, rows, work.row(first, work.context), work.stride, middle);
  const NormStatistics statistics = normStatistics(middle, width);
  {
    float normed[WIDTH_TILES][4], dOut[WIDTH_TILES][4];
    normalise(middle, statistics, packed + layout.norm2Scale, packed + layout.norm2Bias, normed);
    roundAll<EXACT>(normed);
    loadTile(dy, rows, width, dOut);
    applyDropout(call.dropout(1), rows, dOut);
    roundAll<EXACT>(dOut);
    throughFeedForward<WIDTH_TILES, EXACT>(call, layout, normed, dOut, gradient);
  }
  if (kept.middle) storeTile(middle, rows, width, kept.middle);
  normaliseGradient(middle, statistics, width, packed + layout.norm2Scale, gradient);
  loadTile(dy, rows, width, middle);
  addTile(middle, gradient);
  storeTile(gradient, rows, width, dx);
  if (kept.middleGradient) storeTile(gradient, rows, width, kept.middleGradient);
  applyDropout(call.dropout(0), rows, gradient);
  roundAll<EXACT>(gradient);
#pragma unroll 1
  for (int tile = 0; tile < layout.attentionTiles; tile += CHUNK) {
    float sums[CHUNK][4];
    zeroTile(sums);
    multiplyPacked<EXACT>(sums, gradient, packed + layout.outBack, layout.attentionTiles, tile);
    stageTile(sums, attention - tile * 8, work.row(first, work.contextGradient + tile * 8), work.stride);
  }
}

// Adds to dx what comes through the projections and LN1 of a tile.
template <int WIDTH_TILES, bool EXACT>
__device__ void projectionGradientTile(const EncoderCall& call, const PackedLayout& layout, const float* x,
                                       const TileRows& rows, const WorkArea& work, int first, float* dx) {
  const float* packed = call.packed;
  const int width = call.sizes.width, tiles = call.sizes.attention / 8;
  float gradient[WIDTH_TILES][4], tile[WIDTH_TILES][4];
  zeroTile(gradient);
  multiplyPacked<EXACT>(gradient, work.row(first, work.context), work.stride, tiles, packed + layout.inBack, WIDTH_TILES, 0);
  multiplyPacked<EXACT>(gradient, work.row(first, work.attention), work.stride, 2 * tiles,
                        packed + layout.inBack + tiles * WIDTH_TILES * TILE_NUMBERS, WIDTH_TILES, 0);
  loadTile(x, rows, width, tile);
  normaliseGradient(tile, normStatistics(tile, width), width, packed + layout.norm1Scale, gradient);
  loadTile(dx, rows, width, tile);
  addTile(tile, gradient);
  storeTile(gradient, rows, width, dx);
}

// Copies columns of the work area to an array [B, n, d, columns] in the order of x.
__device__ inline void keepColumns(const WorkArea& work, const Group& group, int width, int from, int columns, float* to,
                            int toColumns, int toFirst) {
  const int parts = columns / 4;
  for (int place = threadIdx.x; place < group.tokens * parts; place += blockDim.x) {
    const int token = place / parts, column = place % parts * 4;
    if (!group.isReal(token)) continue;
    *(float4*)(to + group.offset(token) / width * toColumns + toFirst + column) = *(const float4*)work.row(token, from + column);
  }
}

template <int WIDTH_TILES, bool EXACT>
__device__ void encoderBackward(const EncoderCall& call, const float* x, const float* dy, float* dx, float* globalWork,
                         const Kept& kept) {
  DYNAMIC_SHARED(float, shared);
  const Sizes& sizes = call.sizes;
  const int A = sizes.attention;
  const PackedLayout layout(WIDTH_TILES, A, sizes.hidden);
  const WorkArea work = backwardWork(sizes, shared, globalWork);
  const int firstTile = threadIdx.x / WARP * TILE_TOKENS, step = blockDim.x / WARP * TILE_TOKENS;
  for (long long index = blockIdx.x; index < sizes.groups(); index += gridDim.x) {
    const Group group(sizes, call.padding, index);
    for (int first = firstTile; first < work.count; first += step)
      projectTile<WIDTH_TILES, EXACT>(call, layout, x, tileRows(group, first), work.row(first, 0), work.stride);
    __syncthreads();
    withHeadSize(A / sizes.heads, Attention{work, group, sizes.heads});
    __syncthreads();
    if (kept.context) keepColumns(work, group, sizes.width, work.context, A, kept.context, A, 0);
    for (int first = firstTile; first < work.count; first += step)
      feedForwardGradientTile<WIDTH_TILES, EXACT>(call, layout, x, dy, tileRows(group, first), work, first, dx, kept);
    __syncthreads();
    withHeadSize(A / sizes.heads, AttentionGradient{work, group, sizes.heads});
    __syncthreads();
    if (kept.projectedGradient) {
      keepColumns(work, group, sizes.width, work.context, A, kept.projectedGradient, 3 * A, 0);
      keepColumns(work, group, sizes.width, A, 2 * A, kept.projectedGradient, 3 * A, A);
    }
    for (int first = firstTile; first < work.count; first += step)
      projectionGradientTile<WIDTH_TILES, EXACT>(call, layout, x, tileRows(group, first), work, first, dx);
    copyPadded(call, group, dy, dx);
    __syncthreads();
  }
}

// encoder_backward_WIDTH(call, x, dy, dx, work, kept): dx of x and dy; blocks and work area (backwardWork's numbers) as
// encoder_forward.
