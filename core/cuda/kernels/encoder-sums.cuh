// Sums over tokens of outer products: sums[feature][column] = sum of left[token][feature] * right[token][column]. A warp adds
// what its tiles of 16 tokens give to sums in its registers; at the end the warps of a block are added in order.
#pragma once
#include "encoder-tile.cuh"

// Memory of one warp, in which tiles change from rows of tokens in a lane to columns of them. With 8 numbers beside the
// columns the reads of a warp fall into different banks.
template <int TILES>
struct StagedTile {
  static constexpr int stride = TILES * 8 + 8;
  static constexpr int numbers = TILE_TOKENS * stride;
};

// The lane's sums of LEFT x RIGHT tiles of 8 x 8, in pairs of left tiles as multiply gives them; LEFT is even.
template <int LEFT, int RIGHT>
struct OuterSums {
  static constexpr int UPPER = LEFT / 2;
  float sums[UPPER][RIGHT][4] = {};

  template <bool EXACT>
  __device__ void add(const float* left, const float* right) {
    const Lane lane = laneOf();
#pragma unroll
    for (int k = 0; k < TILE_TOKENS; k += 8) {
#pragma unroll
      for (int m = 0; m < UPPER; m++) {
        const float* from = left + k * StagedTile<LEFT>::stride + 16 * m + lane.row;
#pragma unroll
        for (int n = 0; n < RIGHT; n++)
          addTile<EXACT>(sums[m][n], from, StagedTile<LEFT>::stride, right + k * StagedTile<RIGHT>::stride + 8 * n,
                         StagedTile<RIGHT>::stride);
      }
    }
  }

  // Adds the sums of all warps in order and writes those of `features` x `columns`, [features][columns].
  __device__ void write(float* shared, int features, int columns, float* to) const {
    constexpr int STRIDE = RIGHT * 8;
    const int warps = blockDim.x / WARP;
    for (int warp = 0; warp < warps; warp++) {
      __syncthreads();
      if ((int)threadIdx.x / WARP != warp) continue;
      forEachSum([&](int feature, int column, float sum) {
        float* at = shared + feature * STRIDE + column;
        *at = warp == 0 ? sum : *at + sum;
      });
    }
    __syncthreads();
    for (int place = threadIdx.x; place < features * columns; place += blockDim.x)
      to[place] = shared[place / columns * STRIDE + place % columns];
    __syncthreads();
  }

 private:
  // Eight tokens of 16 features times 8 columns; `left` is at the lane's feature of the first token.
  template <bool EXACT>
  __device__ static void addTile(float (&sum)[4], const float* left, int leftStride, const float* right, int rightStride) {
    const Lane lane = laneOf();
    if constexpr (!EXACT) {
      const float *first = left + lane.pair * leftStride, *second = first + 4 * leftStride;
      const float* column = right + lane.pair * rightStride + lane.row;
      multiplyTf32(sum, first[0], first[8], second[0], second[8], column[0], column[4 * rightStride]);
    } else {
#pragma unroll
      for (int k = 0; k < 8; k++) {
        const float upper = left[k * leftStride], lower = left[k * leftStride + 8];
        const float2 pair = *(const float2*)(right + k * rightStride + 2 * lane.pair);
        sum[0] += upper * pair.x;
        sum[1] += upper * pair.y;
        sum[2] += lower * pair.x;
        sum[3] += lower * pair.y;
      }
    }
  }

  template <class Body>
  __device__ void forEachSum(const Body& body) const {
    const Lane lane = laneOf();
#pragma unroll
    for (int m = 0; m < UPPER; m++)
#pragma unroll
      for (int n = 0; n < RIGHT; n++)
#pragma unroll
        for (int e = 0; e < 4; e++)
          body(16 * m + lane.row + e / 2 * 8, 8 * n + 2 * lane.pair + e % 2, sums[m][n][e]);
  }
};

// Sums of a tile's columns over all tokens of the block.
template <int TILES>
struct ColumnSums {
  float sums[TILES][2] = {};

  __device__ void add(const float (&tile)[TILES][4]) {
#pragma unroll
    for (int j = 0; j < TILES; j++) {
      sums[j][0] += tile[j][0] + tile[j][2];
      sums[j][1] += tile[j][1] + tile[j][3];
    }
  }

  // Adds the sums of all lanes and warps in order and writes the first `columns`; shared has room for a tile per warp.
  __device__ void write(float* shared, int columns, float* to) const {
    constexpr int ROW = TILES * 8;
    const Lane lane = laneOf();
    float* own = shared + (threadIdx.x / WARP * 8 + lane.row) * ROW;
#pragma unroll
    for (int j = 0; j < TILES; j++)
#pragma unroll
      for (int e = 0; e < 2; e++) own[8 * j + 2 * lane.pair + e] = sums[j][e];
    __syncthreads();
    for (int column = threadIdx.x; column < columns; column += blockDim.x) {
      float sum = 0;
      for (int row = 0; row < (int)blockDim.x / WARP * 8; row++) sum += shared[row * ROW + column];
      to[column] = sum;
    }
    __syncthreads();
  }
};

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
