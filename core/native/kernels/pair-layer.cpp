#include "pair-layer.h"

#include <algorithm>

#include "thread-pool.h"

namespace {

constexpr float EPSILON = 1e-5f;

// Puts the transpose of weight [outputs, inputs] at `to`, whose rows are `row` numbers.
void putTransposed(const float* weight, int outputs, int inputs, float* to, int row) {
  for (int o = 0; o < outputs; o++)
    for (int i = 0; i < inputs; i++) to[(size_t)i * row + o] = weight[(size_t)o * inputs + i];
}

std::vector<float> padded(const float* from, int rows, int columns, int row) {
  std::vector<float> to((size_t)rows * row, 0.0f);
  for (int r = 0; r < rows; r++) std::memcpy(&to[(size_t)r * row], from + (size_t)r * columns, columns * sizeof(float));
  return to;
}

std::vector<float> transposed(const float* weight, int outputs, int inputs, int row) {
  std::vector<float> to((size_t)inputs * row, 0.0f);
  putTransposed(weight, outputs, inputs, to.data(), row);
  return to;
}

void repeatRow(const float* row, int rows, int width, float* to) {
  for (int r = 0; r < rows; r++) std::memcpy(to + (size_t)r * width, row, width * sizeof(float));
}

void addRow(const float* from, int width, float* to) {
  for (int c = 0; c < width; c += W) store(to + c, load(to + c) + load(from + c));
}

void normaliseRows(const PairCall& call, PairTile& tile, int rows) {
  const int C = call.sizes.channels, Cp = call.sizes.width();
  const auto& p = *call.packed;
  for (int r = 0; r < rows; r++) {
    const float* x = tile.x + (size_t)r * Cp;
    float* out = tile.normed + (size_t)r * Cp;
    Vec total = {}, squares = {};
    for (int c = 0; c < Cp; c += W) total += load(x + c);
    const float mean = sumOf(total) / C;
    for (int c = 0; c < Cp; c += W) {
      const Vec centred = (load(x + c) - mean) * load(&p.lanes[c]);
      squares += centred * centred;
    }
    const float reciprocal = 1.0f / std::sqrt(sumOf(squares) / C + EPSILON);
    tile.mean[r] = mean;
    tile.reciprocal[r] = reciprocal;
    for (int c = 0; c < Cp; c += W)
      store(out + c, (load(x + c) - mean) * reciprocal * load(&p.normScale[c]) + load(&p.normBias[c]));
  }
}

// Means of the normalised pairs over their source and over their sink, and what they add to the hidden units.
void readMeans(const PairCall& call, PairTile& tile) {
  const PairSizes& z = call.sizes;
  const int d = z.variables, Cp = z.width(), ends = tile.histories * d;
  std::memset(tile.sourceMeans, 0, sizeof(float) * ends * Cp);
  std::memset(tile.sinkMeans, 0, sizeof(float) * ends * Cp);
  for (int h = 0; h < tile.histories; h++)
    for (int i = 0; i < d; i++)
      for (int j = 0; j < d; j++) {
        const float* pair = tile.normed + ((size_t)h * z.pairs() + i * d + j) * Cp;
        addRow(pair, Cp, tile.sourceMeans + (size_t)(h * d + j) * Cp);
        addRow(pair, Cp, tile.sinkMeans + (size_t)(h * d + i) * Cp);
      }
  for (int k = 0; k < ends * Cp; k += W) {
    store(tile.sourceMeans + k, load(tile.sourceMeans + k) * (1.0f / d));
    store(tile.sinkMeans + k, load(tile.sinkMeans + k) * (1.0f / d));
  }
  Gemm g;
  g.rows = ends, g.columns = z.hiddenWidth() / W, g.depth = z.channels;
  g.aRow = Cp, g.bDepth = z.hiddenWidth(), g.cRow = z.hiddenWidth();
  g.a = tile.sourceMeans, g.b = call.packed->sourceMean.data(), g.c = tile.sourceHidden;
  gemm(g);
  g.a = tile.sinkMeans, g.b = call.packed->sinkMean.data(), g.c = tile.sinkHidden;
  gemm(g);
}

// hidden = own product + product of the reverse pair + means, before the paths.
void sumHidden(const PairCall& call, PairTile& tile) {
  const PairSizes& z = call.sizes;
  const int d = z.variables, Cp = z.width(), Hp = z.hiddenWidth(), S = z.stacked();
  for (int h = 0; h < tile.histories; h++)
    for (int i = 0; i < d; i++)
      for (int j = 0; j < d; j++) {
        const size_t pair = (size_t)h * z.pairs() + i * d + j, reverse = (size_t)h * z.pairs() + j * d + i;
        const float *own = tile.stacked + pair * S + 2 * Cp, *other = tile.stacked + reverse * S + 2 * Cp + Hp;
        const float *source = tile.sourceHidden + (size_t)(h * d + j) * Hp, *sink = tile.sinkHidden + (size_t)(h * d + i) * Hp;
        float* out = tile.hidden + pair * Hp;
        for (int c = 0; c < Hp; c += W) {
          Vec sum = load(own + c) + load(other + c);
          if (z.means) sum += load(source + c) + load(sink + c);
          store(out + c, sum);
        }
      }
}

void pathsOfTile(const PairCall& call, PairTile& tile) {
  const PairSizes& z = call.sizes;
  const int d = z.variables, Cp = z.width(), S = z.stacked();
  for (int h = 0; h < tile.histories; h++) {
    const float* stacked = tile.stacked + (size_t)h * z.pairs() * S;
    contract(d, Cp, 1 / std::sqrt((float)d), {stacked, (ptrdiff_t)d * S, S}, {stacked + Cp, S, (ptrdiff_t)d * S},
             {tile.paths + (size_t)h * z.pairs() * Cp, (ptrdiff_t)d * Cp, Cp});
  }
}

}  // namespace

PackedPairWeights::PackedPairWeights(const PairSizes& z, const PairWeights<const float*>& w, bool withGradient)
    : normScale(padded(w.normScale, 1, z.channels, z.width())),
      normBias(padded(w.normBias, 1, z.channels, z.width())),
      in((size_t)z.channels * z.stacked(), 0.0f),
      inBias(z.stacked(), 0.0f),
      paths(transposed(w.pathsWeight, z.hidden(), z.channels, z.hiddenWidth())),
      out(transposed(w.outputWeight, z.channels, z.hidden(), z.width())),
      outBias(padded(w.outputBias, 1, z.channels, z.width())),
      lanes(z.width(), 0.0f) {
  const int C = z.channels, H = z.hidden(), Cp = z.width(), Hp = z.hiddenWidth(), S = z.stacked();
  std::fill_n(lanes.begin(), C, 1.0f);
  putTransposed(w.firstWeight, C, C, in.data(), S);
  putTransposed(w.secondWeight, C, C, in.data() + Cp, S);
  putTransposed(w.ownWeight, H, C, in.data() + 2 * Cp, S);
  putTransposed(w.reverseWeight, H, C, in.data() + 2 * Cp + Hp, S);
  for (int c = 0; c < C; c++) inBias[c] = w.firstBias[c], inBias[Cp + c] = w.secondBias[c];
  for (int c = 0; c < H; c++) {
    float sum = w.ownBias[c] + w.reverseBias[c] + w.pathsBias[c];
    if (z.means) sum += w.sourceMeanBias[c] + w.sinkMeanBias[c];
    inBias[2 * Cp + c] = sum;
  }
  if (z.means) {
    sourceMean = transposed(w.sourceMeanWeight, H, C, Hp);
    sinkMean = transposed(w.sinkMeanWeight, H, C, Hp);
  }
  if (!withGradient) return;
  inBack.assign((size_t)S * Cp, 0.0f);
  const auto put = [&](const float* weight, int rows, int at) {
    for (int r = 0; r < rows; r++) std::memcpy(&inBack[(size_t)(at + r) * Cp], weight + (size_t)r * C, C * sizeof(float));
  };
  put(w.firstWeight, C, 0), put(w.secondWeight, C, Cp);
  put(w.ownWeight, H, 2 * Cp), put(w.reverseWeight, H, 2 * Cp + Hp);
  pathsBack = padded(w.pathsWeight, H, C, Cp);
  outBack = padded(w.outputWeight, C, H, Hp);
  if (!z.means) return;
  sourceMeanBack = padded(w.sourceMeanWeight, H, C, Cp);
  sinkMeanBack = padded(w.sinkMeanWeight, H, C, Cp);
}

size_t PairTile::numbers(const PairSizes& z) {
  const size_t rows = (size_t)z.histories() * z.pairs(), ends = (size_t)z.histories() * z.variables;
  return rows * (3 * z.width() + 2 + z.stacked() + z.hiddenWidth()) + 2 * ends * (z.width() + z.hiddenWidth()) + 16 * W;
}

PairTile::PairTile(const PairSizes& z, Scratch& scratch) {
  const size_t rows = (size_t)z.histories() * z.pairs(), ends = (size_t)z.histories() * z.variables;
  x = scratch.take(rows * z.width());
  normed = scratch.take(rows * z.width());
  mean = scratch.take(rows);
  reciprocal = scratch.take(rows);
  stacked = scratch.take(rows * z.stacked());
  paths = scratch.take(rows * z.width());
  hidden = scratch.take(rows * z.hiddenWidth());
  sourceMeans = scratch.take(ends * z.width());
  sinkMeans = scratch.take(ends * z.width());
  sourceHidden = scratch.take(ends * z.hiddenWidth());
  sinkHidden = scratch.take(ends * z.hiddenWidth());
}

void padRows(const float* from, int rows, int channels, float* to, int width) {
  if (channels == width) {
    std::memcpy(to, from, sizeof(float) * rows * width);
    return;
  }
  std::memset(to, 0, sizeof(float) * rows * width);
  for (int r = 0; r < rows; r++) std::memcpy(to + (size_t)r * width, from + (size_t)r * channels, channels * sizeof(float));
}

void unpadRows(const float* from, int rows, int width, float* to, int channels) {
  for (int r = 0; r < rows; r++) std::memcpy(to + (size_t)r * channels, from + (size_t)r * width, channels * sizeof(float));
}

void contract(int d, int width, float scale, const ChannelGrid<const float*>& left, const ChannelGrid<const float*>& right,
              const ChannelGrid<float*>& out) {
  constexpr int BLOCK = 5;
  for (int c = 0; c < width; c += W)
    for (int a = 0; a < d; a++) {
      const float* of = left.data + a * left.first + c;
      int b = 0;
      for (; b + BLOCK <= d; b += BLOCK) {
        Vec sums[BLOCK] = {};
        for (int s = 0; s < d; s++) {
          const Vec factor = load(of + s * left.second);
          const float* with = right.data + b * right.first + s * right.second + c;
#pragma GCC unroll 8
          for (int k = 0; k < BLOCK; k++) sums[k] += factor * load(with + k * right.first);
        }
#pragma GCC unroll 8
        for (int k = 0; k < BLOCK; k++) store(out.data + a * out.first + (b + k) * out.second + c, sums[k] * scale);
      }
      for (; b < d; b++) {
        Vec sum = {};
        for (int s = 0; s < d; s++)
          sum += load(of + s * left.second) * load(right.data + b * right.first + s * right.second + c);
        store(out.data + a * out.first + b * out.second + c, sum * scale);
      }
    }
}

void forwardPairTile(const PairCall& call, PairTile& tile, const float* x) {
  const PairSizes& z = call.sizes;
  const PackedPairWeights& p = *call.packed;
  const int rows = tile.rows(z), Cp = z.width(), Hp = z.hiddenWidth(), S = z.stacked();
  padRows(x, rows, z.channels, tile.x, Cp);
  normaliseRows(call, tile, rows);
  repeatRow(p.inBias.data(), rows, S, tile.stacked);
  Gemm g;
  g.rows = rows, g.columns = S / W, g.depth = z.channels, g.start = Start::accumulate;
  g.a = tile.normed, g.aRow = Cp, g.b = p.in.data(), g.bDepth = S, g.c = tile.stacked, g.cRow = S;
  gemm(g);
  if (z.means) readMeans(call, tile);
  sumHidden(call, tile);
  pathsOfTile(call, tile);
  g.columns = Hp / W, g.relu = true;
  g.a = tile.paths, g.b = p.paths.data(), g.bDepth = Hp, g.c = tile.hidden, g.cRow = Hp;
  gemm(g);
}

// y = x + output(relu(own + reverse + paths + means)) of the normalised pairs; x and y [batch, d, d, C]; the weights of the means
// are null where a layer reads none.
extern "C" void cp_pair_layer(const float* x, float* y, int64_t batch, int32_t variables, int32_t channels,
                              const float* normScale, const float* normBias, const float* firstWeight, const float* firstBias,
                              const float* secondWeight, const float* secondBias, const float* ownWeight, const float* ownBias,
                              const float* reverseWeight, const float* reverseBias, const float* pathsWeight,
                              const float* pathsBias, const float* outputWeight, const float* outputBias,
                              const float* sourceMeanWeight, const float* sourceMeanBias, const float* sinkMeanWeight,
                              const float* sinkMeanBias) {
  const PairSizes z = {variables, channels, sourceMeanWeight != nullptr};
  const PackedPairWeights packed(z,
                                 {normScale, normBias, firstWeight, firstBias, secondWeight, secondBias, ownWeight, ownBias,
                                  reverseWeight, reverseBias, pathsWeight, pathsBias, outputWeight, outputBias,
                                  sourceMeanWeight, sourceMeanBias, sinkMeanWeight, sinkMeanBias},
                                 false);
  const PairCall call = {z, &packed};
  const int Cp = z.width(), Hp = z.hiddenWidth();
  const int64_t step = z.histories(), tiles = (batch + step - 1) / step, history = (int64_t)z.pairs() * channels;
  parallelFor(tiles, [&](int64_t index) {
    Scratch& scratch = threadScratch();
    scratch.reset(PairTile::numbers(z));
    PairTile tile(z, scratch);
    tile.histories = (int)std::min(step, batch - index * step);
    forwardPairTile(call, tile, x + index * step * history);
    const int rows = tile.rows(z);
    // The residual is in tile.x, which becomes the result.
    for (int r = 0; r < rows; r++) addRow(packed.outBias.data(), Cp, tile.x + (size_t)r * Cp);
    Gemm g;
    g.rows = rows, g.columns = Cp / W, g.depth = z.hidden(), g.start = Start::accumulate;
    g.a = tile.hidden, g.aRow = Hp, g.b = packed.out.data(), g.bDepth = Cp, g.c = tile.x, g.cRow = Cp;
    gemm(g);
    unpadRows(tile.x, rows, Cp, y + index * step * history, channels);
  });
}
