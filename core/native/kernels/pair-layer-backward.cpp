#include <algorithm>
#include <mutex>

#include "pair-layer.h"
#include "thread-pool.h"

namespace {

// Fixed, so that sums do not depend on the number of threads.
constexpr int RANGES = 16;

// Sums of weight gradients over the tiles of one range, padded like the packed weights.
struct PairSums {
  float *in, *inBias;                          // [S, Cp], [S]; the hidden units' biases share the sum of the own product
  float *paths, *sourceMean, *sinkMean;        // [Hp, Cp]
  float *out, *outBias;                        // [Cp, Hp], [Cp]
  float *normScale, *normBias;                 // [Cp]

  static size_t numbers(const PairSizes& z) {
    return (size_t)z.stacked() * (z.width() + 1) + (size_t)4 * z.hiddenWidth() * z.width() + 3 * z.width();
  }

  PairSums(const PairSizes& z, float* memory) {
    const auto take = [&](size_t numbers) {
      float* taken = memory;
      memory += numbers;
      return taken;
    };
    const size_t matrix = (size_t)z.hiddenWidth() * z.width();
    in = take((size_t)z.stacked() * z.width());
    inBias = take(z.stacked());
    paths = take(matrix), sourceMean = take(matrix), sinkMean = take(matrix), out = take(matrix);
    outBias = take(z.width()), normScale = take(z.width()), normBias = take(z.width());
  }
};

void addColumns(const float* from, int rows, int row, int width, float* to) {
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < width; c += W) store(to + c, load(to + c) + load(from + (size_t)r * row + c));
}

// sums [left row, right row] += sum over the rows of left' right.
void addOuterProducts(const float* left, int leftWidth, const float* right, int rightWidth, int rows, float* sums) {
  Gemm g;
  g.rows = leftWidth, g.columns = rightWidth / W, g.depth = rows, g.start = Start::accumulate;
  g.a = left, g.aDepth = leftWidth, g.b = right, g.bDepth = rightWidth, g.c = sums, g.cRow = rightWidth;
  gemm(g);
}

// out [rows, width] = from [rows, depth] * weight [depth, width].
void multiply(const float* from, int row, int rows, int depth, const float* weight, int width, float* out) {
  Gemm g;
  g.rows = rows, g.columns = width / W, g.depth = depth;
  g.a = from, g.aRow = row, g.aDepth = 1, g.b = weight, g.bDepth = width, g.c = out, g.cRow = width;
  gemm(g);
}

class PairBackward {
 public:
  PairBackward(const PairCall& call, PairSums* sums, Scratch& scratch)
      : call_(call), z_(call.sizes), sums_(sums), tile_(call.sizes, scratch) {
    const size_t rows = (size_t)z_.histories() * z_.pairs(), ends = (size_t)z_.histories() * z_.variables;
    dy_ = scratch.take(rows * z_.width());
    dHidden_ = scratch.take(rows * z_.hiddenWidth());
    dPaths_ = scratch.take(rows * z_.width());
    dStacked_ = scratch.take(rows * z_.stacked());
    dNormed_ = scratch.take(rows * z_.width());
    dSourceHidden_ = scratch.take(ends * z_.hiddenWidth());
    dSinkHidden_ = scratch.take(ends * z_.hiddenWidth());
    dSourceMeans_ = scratch.take(ends * z_.width());
    dSinkMeans_ = scratch.take(ends * z_.width());
  }

  static size_t numbers(const PairSizes& z) {
    const size_t rows = (size_t)z.histories() * z.pairs(), ends = (size_t)z.histories() * z.variables;
    return rows * (3 * z.width() + z.hiddenWidth() + z.stacked()) + 2 * ends * (z.width() + z.hiddenWidth()) + 16 * W;
  }

  void run(int histories, const float* x, const float* dy, float* dx) {
    tile_.histories = histories;
    rows_ = tile_.rows(z_);
    forwardPairTile(call_, tile_, x);
    padRows(dy, rows_, z_.channels, dy_, z_.width());
    hiddenGradient();
    pathsGradient();
    stackHidden();
    if (z_.means) meansGradient();
    multiply(dStacked_, z_.stacked(), rows_, z_.stacked(), call_.packed->inBack.data(), z_.width(), dNormed_);
    if (sums_) {
      addOuterProducts(dStacked_, z_.stacked(), tile_.normed, z_.width(), rows_, sums_->in);
      addColumns(dStacked_, rows_, z_.stacked(), z_.stacked(), sums_->inBias);
    }
    if (z_.means) spreadMeans();
    normGradient();
    unpadRows(dy_, rows_, z_.width(), dx, z_.channels);
  }

 private:
  void hiddenGradient() {
    const int Cp = z_.width(), Hp = z_.hiddenWidth();
    multiply(dy_, Cp, rows_, z_.channels, call_.packed->outBack.data(), Hp, dHidden_);
    for (int64_t k = 0; k < (int64_t)rows_ * Hp; k += W) {
      const Vec hidden = load(tile_.hidden + k);
      store(dHidden_ + k, hidden > 0 ? load(dHidden_ + k) : Vec{});
    }
    if (!sums_) return;
    addOuterProducts(dy_, Cp, tile_.hidden, Hp, rows_, sums_->out);
    addColumns(dy_, rows_, Cp, Cp, sums_->outBias);
    addOuterProducts(dHidden_, Hp, tile_.paths, Cp, rows_, sums_->paths);
  }

  // What comes back through the paths to both of their edges, into the first two blocks of dStacked.
  void pathsGradient() {
    const int d = z_.variables, Cp = z_.width(), S = z_.stacked();
    const ptrdiff_t alongFirst = (ptrdiff_t)d * S;
    multiply(dHidden_, z_.hiddenWidth(), rows_, z_.hidden(), call_.packed->pathsBack.data(), Cp, dPaths_);
    const float scale = 1 / std::sqrt((float)d);
    for (int h = 0; h < tile_.histories; h++) {
      const float* dPaths = dPaths_ + (size_t)h * z_.pairs() * Cp;
      const float* stacked = tile_.stacked + (size_t)h * z_.pairs() * S;
      float* dStacked = dStacked_ + (size_t)h * z_.pairs() * S;
      // d first(i, k) = sum over j of d path(i, j) second(k, j); d second(k, j) = sum over i of d path(i, j) first(i, k).
      contract(d, Cp, scale, {dPaths, (ptrdiff_t)d * Cp, Cp}, {stacked + Cp, alongFirst, S}, {dStacked, alongFirst, S});
      contract(d, Cp, scale, {dPaths, Cp, (ptrdiff_t)d * Cp}, {stacked, S, alongFirst}, {dStacked + Cp, S, alongFirst});
    }
  }

  // The other two blocks of dStacked: the hidden units of the pair, and of its reverse.
  void stackHidden() {
    const int d = z_.variables, Cp = z_.width(), Hp = z_.hiddenWidth(), S = z_.stacked();
    for (int h = 0; h < tile_.histories; h++)
      for (int i = 0; i < d; i++)
        for (int j = 0; j < d; j++) {
          const size_t pair = (size_t)h * z_.pairs() + i * d + j, reverse = (size_t)h * z_.pairs() + j * d + i;
          float* to = dStacked_ + pair * S + 2 * Cp;
          std::memcpy(to, dHidden_ + pair * Hp, Hp * sizeof(float));
          std::memcpy(to + Hp, dHidden_ + reverse * Hp, Hp * sizeof(float));
        }
  }

  void meansGradient() {
    const int d = z_.variables, Cp = z_.width(), Hp = z_.hiddenWidth(), ends = tile_.histories * d;
    std::memset(dSourceHidden_, 0, sizeof(float) * ends * Hp);
    std::memset(dSinkHidden_, 0, sizeof(float) * ends * Hp);
    for (int h = 0; h < tile_.histories; h++)
      for (int i = 0; i < d; i++)
        for (int j = 0; j < d; j++) {
          const float* from = dHidden_ + ((size_t)h * z_.pairs() + i * d + j) * Hp;
          addColumns(from, 1, Hp, Hp, dSourceHidden_ + (size_t)(h * d + j) * Hp);
          addColumns(from, 1, Hp, Hp, dSinkHidden_ + (size_t)(h * d + i) * Hp);
        }
    multiply(dSourceHidden_, Hp, ends, z_.hidden(), call_.packed->sourceMeanBack.data(), Cp, dSourceMeans_);
    multiply(dSinkHidden_, Hp, ends, z_.hidden(), call_.packed->sinkMeanBack.data(), Cp, dSinkMeans_);
    if (!sums_) return;
    addOuterProducts(dSourceHidden_, Hp, tile_.sourceMeans, Cp, ends, sums_->sourceMean);
    addOuterProducts(dSinkHidden_, Hp, tile_.sinkMeans, Cp, ends, sums_->sinkMean);
  }

  void spreadMeans() {
    const int d = z_.variables, Cp = z_.width();
    for (int h = 0; h < tile_.histories; h++)
      for (int i = 0; i < d; i++)
        for (int j = 0; j < d; j++) {
          float* to = dNormed_ + ((size_t)h * z_.pairs() + i * d + j) * Cp;
          const float *source = dSourceMeans_ + (size_t)(h * d + j) * Cp, *sink = dSinkMeans_ + (size_t)(h * d + i) * Cp;
          for (int c = 0; c < Cp; c += W) store(to + c, load(to + c) + (load(source + c) + load(sink + c)) * (1.0f / d));
        }
  }

  // dy becomes the gradient of x: its own and what comes back through the norm.
  void normGradient() {
    const int C = z_.channels, Cp = z_.width();
    const auto& p = *call_.packed;
    for (int r = 0; r < rows_; r++) {
      const float *x = tile_.x + (size_t)r * Cp, *dNormed = dNormed_ + (size_t)r * Cp;
      float* dx = dy_ + (size_t)r * Cp;
      const float mean = tile_.mean[r], reciprocal = tile_.reciprocal[r];
      Vec sums = {}, dots = {};
      for (int c = 0; c < Cp; c += W) {
        const Vec unit = (load(x + c) - mean) * reciprocal * load(&p.lanes[c]), d = load(dNormed + c);
        const Vec scaled = d * load(&p.normScale[c]);
        sums += scaled;
        dots += scaled * unit;
        if (!sums_) continue;
        store(sums_->normScale + c, load(sums_->normScale + c) + d * unit);
        store(sums_->normBias + c, load(sums_->normBias + c) + d);
      }
      const float sum = sumOf(sums) / C, dot = sumOf(dots) / C;
      for (int c = 0; c < Cp; c += W) {
        const Vec unit = (load(x + c) - mean) * reciprocal;
        store(dx + c, load(dx + c) + reciprocal * (load(dNormed + c) * load(&p.normScale[c]) - sum - unit * dot));
      }
    }
  }

  const PairCall& call_;
  const PairSizes& z_;
  PairSums* sums_;
  PairTile tile_;
  int rows_ = 0;
  float *dy_, *dHidden_, *dPaths_, *dStacked_, *dNormed_;
  float *dSourceHidden_, *dSinkHidden_, *dSourceMeans_, *dSinkMeans_;
};

// Adds the sums of all ranges in order and writes them in the layout of the weights.
void writeSums(const PairSizes& z, float* memory, int ranges, const PairWeights<float*>& out) {
  const size_t numbers = PairSums::numbers(z);
  for (int range = 1; range < ranges; range++)
    for (size_t k = 0; k < numbers; k += W) store(memory + k, load(memory + k) + load(memory + range * numbers + k));
  const PairSums sums(z, memory);
  const int C = z.channels, H = z.hidden(), Cp = z.width(), Hp = z.hiddenWidth();
  const auto vector = [](const float* from, int count, float* to) { std::memcpy(to, from, count * sizeof(float)); };
  unpadRows(sums.in, C, Cp, out.firstWeight, C), vector(sums.inBias, C, out.firstBias);
  unpadRows(sums.in + (size_t)Cp * Cp, C, Cp, out.secondWeight, C), vector(sums.inBias + Cp, C, out.secondBias);
  unpadRows(sums.in + (size_t)2 * Cp * Cp, H, Cp, out.ownWeight, C);
  unpadRows(sums.in + (size_t)(2 * Cp + Hp) * Cp, H, Cp, out.reverseWeight, C);
  unpadRows(sums.paths, H, Cp, out.pathsWeight, C);
  unpadRows(sums.out, C, Hp, out.outputWeight, H), vector(sums.outBias, C, out.outputBias);
  vector(sums.normScale, C, out.normScale), vector(sums.normBias, C, out.normBias);
  // Every one of these biases is added once to every hidden unit.
  for (float* bias : {out.ownBias, out.reverseBias, out.pathsBias}) vector(sums.inBias + 2 * Cp, H, bias);
  if (!z.means) return;
  unpadRows(sums.sourceMean, H, Cp, out.sourceMeanWeight, C), unpadRows(sums.sinkMean, H, Cp, out.sinkMeanWeight, C);
  for (float* bias : {out.sourceMeanBias, out.sinkMeanBias}) vector(sums.inBias + 2 * Cp, H, bias);
}

// Kept between calls: fresh memory would cost a page fault every 4 KiB.
std::mutex sumsMutex;
std::vector<float> sumsMemory;

}  // namespace

// Gradients of cp_pair_layer by recomputation; arguments as there. Weight gradients are skipped when dNormScale is null.
extern "C" void cp_pair_layer_gradient(
    const float* dy, const float* x, float* dx, int64_t batch, int32_t variables, int32_t channels, const float* normScale,
    const float* normBias, const float* firstWeight, const float* firstBias, const float* secondWeight, const float* secondBias,
    const float* ownWeight, const float* ownBias, const float* reverseWeight, const float* reverseBias,
    const float* pathsWeight, const float* pathsBias, const float* outputWeight, const float* outputBias,
    const float* sourceMeanWeight, const float* sourceMeanBias, const float* sinkMeanWeight, const float* sinkMeanBias,
    float* dNormScale, float* dNormBias, float* dFirstWeight, float* dFirstBias, float* dSecondWeight, float* dSecondBias,
    float* dOwnWeight, float* dOwnBias, float* dReverseWeight, float* dReverseBias, float* dPathsWeight, float* dPathsBias,
    float* dOutputWeight, float* dOutputBias, float* dSourceMeanWeight, float* dSourceMeanBias, float* dSinkMeanWeight,
    float* dSinkMeanBias) {
  const PairSizes z = {variables, channels, sourceMeanWeight != nullptr};
  const PackedPairWeights packed(z,
                                 {normScale, normBias, firstWeight, firstBias, secondWeight, secondBias, ownWeight, ownBias,
                                  reverseWeight, reverseBias, pathsWeight, pathsBias, outputWeight, outputBias,
                                  sourceMeanWeight, sourceMeanBias, sinkMeanWeight, sinkMeanBias},
                                 true);
  const PairCall call = {z, &packed};
  const int64_t step = z.histories(), tiles = (batch + step - 1) / step, history = (int64_t)z.pairs() * channels;
  const int ranges = (int)std::max<int64_t>(1, std::min<int64_t>(RANGES, tiles));
  const size_t numbers = PairSums::numbers(z);
  std::lock_guard<std::mutex> lock(sumsMutex);
  if (dNormScale) sumsMemory.assign(numbers * ranges, 0.0f);
  parallelFor(ranges, [&](int64_t range) {
    PairSums sums(z, dNormScale ? sumsMemory.data() + numbers * range : nullptr);
    Scratch& scratch = threadScratch();
    scratch.reset(PairTile::numbers(z) + PairBackward::numbers(z));
    PairBackward backward(call, dNormScale ? &sums : nullptr, scratch);
    for (int64_t index = tiles * range / ranges; index < tiles * (range + 1) / ranges; index++) {
      const int64_t at = index * step * history;
      backward.run((int)std::min(step, batch - index * step), x + at, dy + at, dx + at);
    }
  });
  if (!dNormScale) return;
  writeSums(z, sumsMemory.data(), ranges,
            {dNormScale, dNormBias, dFirstWeight, dFirstBias, dSecondWeight, dSecondBias, dOwnWeight, dOwnBias,
             dReverseWeight, dReverseBias, dPathsWeight, dPathsBias, dOutputWeight, dOutputBias, dSourceMeanWeight,
             dSourceMeanBias, dSinkMeanWeight, dSinkMeanBias});
}
