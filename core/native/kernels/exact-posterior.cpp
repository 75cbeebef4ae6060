// Exact posterior over the graphs of linear Gaussian systems: local scores of every parent set of every variable, and the
// sum over all causal orders (Koivisto and Sood 2004). models/posterior/exact/ is the reference and says what is computed.
#include "thread-pool.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>
#if defined(__AVX__)
#include <immintrin.h>
#endif

// Shapes: K histories, d variables, m = d - 1 candidate parents of a sink, N quadrature nodes in blocks of L lanes.

namespace {

#if defined(__AVX512F__)
constexpr int L = 8;
#elif defined(__AVX__)
constexpr int L = 4;
#else
constexpr int L = 2;
#endif

typedef double Lanes __attribute__((vector_size(L * 8)));
typedef int64_t LaneInts __attribute__((vector_size(L * 8)));

inline Lanes splat(double x) { return Lanes{} + x; }

// log k of the sizes of parent sets.
const double* logarithms() {
  static double table[32];
  if (table[2] == 0)
    for (int k = 1; k < 32; k++) table[k] = std::log(k);
  return table;
}
const double* const LOG_OF = logarithms();

inline Lanes larger(Lanes a, Lanes b) {
#if defined(__AVX512F__)
  return (Lanes)_mm512_max_pd((__m512d)a, (__m512d)b);
#elif defined(__AVX__)
  return (Lanes)_mm256_max_pd((__m256d)a, (__m256d)b);
#else
  return a > b ? a : b;
#endif
}

inline double largestOf(Lanes v) {
#if defined(__AVX512F__)
  return _mm512_reduce_max_pd((__m512d)v);
#else
  double most = v[0];
  for (int i = 1; i < L; i++) most = v[i] > most ? v[i] : most;
  return most;
#endif
}

inline double sumOf(Lanes v) {
#if defined(__AVX512F__)
  return _mm512_reduce_add_pd((__m512d)v);
#else
  double total = 0;
  for (int i = 0; i < L; i++) total += v[i];
  return total;
#endif
}

// 1 / x for positive x, to the last bits: an estimate of 14 bits and two Newton steps.
inline Lanes reciprocal(Lanes x) {
#if defined(__AVX512F__)
  Lanes y = (Lanes)_mm512_rcp14_pd((__m512d)x);
  y = y * (2.0 - x * y);
  return y * (2.0 - x * y);
#else
  return 1.0 / x;
#endif
}

inline Lanes reciprocalSquareRoot(Lanes x) {
#if defined(__AVX512F__)
  Lanes y = (Lanes)_mm512_rsqrt14_pd((__m512d)x);
  y = y * (1.5 - 0.5 * x * y * y);
  return y * (1.5 - 0.5 * x * y * y);
#else
  for (int i = 0; i < L; i++) x[i] = 1.0 / std::sqrt(x[i]);
  return x;
#endif
}

// e^x for x <= 0, relative error 1e-11; below -700 it stays at the smallest value. x = n ln 2 + r, Taylor in r.
inline Lanes exponentialOfNonPositive(Lanes x) {
  x = larger(x, splat(-700));
  const Lanes magic = splat(6755399441055744.0);
  const Lanes shifted = x * 1.4426950408889634 + magic;
  const Lanes n = shifted - magic;
  const Lanes r = x - n * 0.693147180369123816490 - n * 1.90821492927058770002e-10;
  Lanes p = splat(1.0 / 362880);
  p = p * r + 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  return (Lanes)((LaneInts)p + ((LaneInts)shifted << 52));
}

// Natural logarithm of positive normal numbers, relative error 1e-13: x = 2^e m with m near 1, and the series of the inverse
// hyperbolic tangent of (m - 1) / (m + 1).
inline Lanes logarithm(Lanes x) {
  const LaneInts bits = (LaneInts)x;
  const LaneInts shifted = bits - (LaneInts{} + 0x3fe6a09e667f3bcdll);
  const LaneInts exponent = shifted >> 52;
  const Lanes m = (Lanes)(bits - (exponent << 52));
  const Lanes f = (m - 1.0) * reciprocal(m + 1.0);
  const Lanes s = f * f;
  Lanes p = splat(1.0 / 15);
  p = p * s + 1.0 / 13;
  p = p * s + 1.0 / 11;
  p = p * s + 1.0 / 9;
  p = p * s + 1.0 / 7;
  p = p * s + 1.0 / 5;
  p = p * s + 1.0 / 3;
  p = p * s + 1.0;
  return __builtin_convertvector(exponent, Lanes) * 0.6931471805599453 + 2.0 * f * p;
}

struct Prior {
  bool scaleFree;
  double odds;   // of an edge between a variable and an earlier one
  double shape;  // of the inverse gamma distribution of a noise variance
  double scale;
  double g;  // of the scale-free prior
  int maxParents;
  double constant;  // shape log(scale) - log Gamma(shape)
};

// What one sink's rows say: Gram matrix [d, d] of its candidate parents in ascending order, itself last, and their number.
struct Sink {
  int m = 0;
  double n = 0;
  std::vector<double> gram;

  void set(const double* whole, double rows, int d, int j) {
    m = d - 1;
    n = rows;
    gram.resize(size_t(d) * d);
    auto original = [&](int i) { return i == m ? j : i < j ? i : i + 1; };
    for (int a = 0; a < d; a++)
      for (int b = 0; b < d; b++) gram[a * d + b] = whole[original(a) * d + original(b)];
  }

  double at(int u, int w) const { return gram[u * (m + 1) + w]; }
};

// Residual sum of squares of the sink on all candidates, by elimination that passes over what is collinear.
double fullResidual(const Sink& sink, std::vector<double>& a) {
  const int size = sink.m + 1;
  a = sink.gram;
  for (int v = 0; v < sink.m; v++) {
    const double pivot = a[v * size + v];
    if (!(pivot > 1e-12 * sink.at(v, v))) continue;
    for (int u = v + 1; u < size; u++)
      for (int w = u; w < size; w++) a[u * size + w] -= a[v * size + u] * a[v * size + w] / pivot;
  }
  return std::max(0.0, a[size * size - 1]);
}

/*
 * Scores of all parent sets P of one sink under the environment's prior: log of the integral over s = sigma^2 of
 *   IG(s) N(y; 0, s I + X_P X_P' / k),  k = |P|.
 * With t = s k the matrix t I + G_PP does not depend on k, so that one elimination serves every set that a set can be
 * extended to: sets are visited depth first by their largest member, and each carries the Schur complement of its matrix in
 * the members still to come and the sink, at all nodes of a trapezoid in log t. On average four products per set and node.
 * A score is given in two parts, tops + log(totals), so that weights need no logarithm.
 */
class OwnScores {
 public:
  void run(const Sink& sink, const Prior& prior, double* tops, double* totals) {
    sink_ = &sink;
    prior_ = &prior;
    tops_ = tops;
    totals_ = totals;
    const int m = sink.m;
    const double shape = prior.shape + sink.n / 2, constant = prior.constant - sink.n / 2 * LOG_TWO_PI;
    tops[0] = std::lgamma(shape) - shape * std::log(prior.scale + sink.at(m, m) / 2) + constant;
    totals[0] = 1;
    if (m == 0 || prior.maxParents == 0) return;
    placeNodes(constant);
    offsets_.assign(m + 2, 0);
    for (int first = 0; first <= m; first++) offsets_[first + 1] = offsets_[first] + entries(first) * blocks_;
    arena_.resize(offsets_[m + 1]);
    product_.resize(size_t(m + 1) * blocks_);
    halfLog_.resize(size_t(m + 1) * blocks_);
    std::fill_n(product_.begin(), blocks_, splat(1));
    std::fill_n(halfLog_.begin(), blocks_, Lanes{});
    inverse_.resize(size_t(m + 1) * blocks_);
    exponent_.resize(blocks_);
    root_.resize(blocks_);
    Lanes* first = matrix(0);
    size_t at = 0;
    for (int u = 0; u <= m; u++)
      for (int w = u; w <= m; w++, at++)
        for (int b = 0; b < blocks_; b++)
          first[at * blocks_ + b] = splat(sink.at(u, w)) + (u == w && u < m ? nodes_[b] : Lanes{});
    visit(0, 0, 0, 0);
  }

 private:
  static constexpr double LOG_TWO_PI = 1.8378770664093454836;
  const Sink* sink_ = nullptr;
  const Prior* prior_ = nullptr;
  double *tops_ = nullptr, *totals_ = nullptr;
  int blocks_ = 0;
  double constant_ = 0;
  std::vector<double> elimination_;
  std::vector<Lanes> nodes_;   // [N]
  std::vector<Lanes> base_;    // [k][N]: exponent of a set of size k without determinant and quadratic form
  std::vector<Lanes> slope_;   // [k][N]: factor of the quadratic form
  std::vector<Lanes> inverseDiagonal_, halfLogDiagonal_;  // [m][N]
  std::vector<Lanes> arena_, product_, halfLog_, inverse_, exponent_, root_;
  std::vector<size_t> offsets_;

  // Upper triangle over candidates first .. m - 1 and the sink.
  size_t entries(int first) const { return size_t(sink_->m - first + 1) * (sink_->m - first + 2) / 2; }
  Lanes* matrix(int first) { return arena_.data() + offsets_[first]; }

  // A trapezoid in log s is exact to e^-21 at steps of 0.95 standard deviations of log s, whose shape parameter is at most
  // a + n / 2; the range holds six deviations below the smallest scale of any set and 7.5 above the largest.
  void placeNodes(double constant) {
    const Sink& sink = *sink_;
    const Prior& prior = *prior_;
    const int m = sink.m, most = std::min(m, prior.maxParents);
    const double shapeMost = prior.shape + sink.n / 2;
    const double shapeLeast = prior.shape + std::max(0.0, sink.n - most) / 2;
    const double deviation = 1 / std::sqrt(shapeLeast);
    const double low = std::log((prior.scale + fullResidual(sink, elimination_) / 2) / shapeMost) - 6 * deviation;
    const double high = std::log((prior.scale + sink.at(m, m) / 2) / shapeLeast * most) + 7.5 * deviation;
    const double step = 0.95 / std::sqrt(shapeMost);
    blocks_ = std::max(1, int(std::ceil((high - low) / step / L)));
    constant_ = constant + std::log(step);
    nodes_.resize(blocks_);
    base_.resize(size_t(most + 1) * blocks_);
    slope_.resize(base_.size());
    inverseDiagonal_.resize(size_t(m) * blocks_);
    halfLogDiagonal_.resize(inverseDiagonal_.size());
    Lanes logNode, node;
    for (int lane = 0; lane < L; lane++) {
      logNode[lane] = low + step * lane;
      node[lane] = std::exp(logNode[lane]);
    }
    const double stride = std::exp(step * L);
    for (int b = 0; b < blocks_; b++, logNode += step * L, node *= stride) {
      const Lanes perNode = reciprocal(node);
      nodes_[b] = node;
      for (int k = 1; k <= most; k++) {
        const double logK = LOG_OF[k];
        base_[k * blocks_ + b] = -(prior.shape + (sink.n - k) / 2) * (logNode - logK) - prior.scale * k * perNode + k * logK / 2;
        slope_[k * blocks_ + b] = k / 2.0 * perNode;
      }
      for (int v = 0; v < m; v++) {
        const Lanes diagonal = sink.at(v, v) + node;
        inverseDiagonal_[v * blocks_ + b] = reciprocal(diagonal);
        halfLogDiagonal_[v * blocks_ + b] = 0.5 * logarithm(diagonal);
      }
    }
  }

  // All sets that extend `mask` (k members, the largest before `first`) by members from `first` on, from the Schur
  // complement of the set over candidates first .. m - 1 and the sink.
  void visit(int first, uint32_t mask, int k, int depth) {
    const int m = sink_->m, B = blocks_;
    const Lanes* a = matrix(first);
    auto row = [&](int u) {
      const int passed = u - first;
      return (size_t(passed) * (m - first + 1) - size_t(passed) * (passed - 1) / 2) * B;
    };
    const Lanes* product = product_.data() + size_t(depth) * B;
    const Lanes* halfLog = halfLog_.data() + size_t(depth) * B;
    Lanes* nextProduct = product_.data() + size_t(depth + 1) * B;
    Lanes* nextHalfLog = halfLog_.data() + size_t(depth + 1) * B;
    Lanes* inverse = inverse_.data() + size_t(depth) * B;
    const Lanes* base = base_.data() + size_t(k + 1) * B;
    const Lanes* slope = slope_.data() + size_t(k + 1) * B;
    const Lanes* corner = a + row(m);
    for (int v = first; v < m; v++) {
      const Lanes* own = a + row(v);  // (v, v), (v, v + 1), ..., (v, sink)
      const Lanes* link = own + size_t(m - v) * B;
      const Lanes* inverseDiagonal = inverseDiagonal_.data() + size_t(v) * B;
      const Lanes* halfLogDiagonal = halfLogDiagonal_.data() + size_t(v) * B;
      Lanes most = splat(-std::numeric_limits<double>::infinity());
      for (int b = 0; b < B; b++) {
        inverse[b] = reciprocal(own[b]);
        nextProduct[b] = product[b] * own[b] * inverseDiagonal[b];
        nextHalfLog[b] = halfLog[b] + halfLogDiagonal[b];
        const Lanes quadratic = corner[b] - link[b] * link[b] * inverse[b];
        exponent_[b] = base[b] - nextHalfLog[b] - quadratic * slope[b];
        root_[b] = reciprocalSquareRoot(nextProduct[b]);
        most = larger(most, exponent_[b]);
      }
      const double top = largestOf(most);
      Lanes total{};
      for (int b = 0; b < B; b++) total += root_[b] * exponentialOfNonPositive(exponent_[b] - top);
      const uint32_t extended = mask | (1u << v);
      tops_[extended] = top + constant_;
      totals_[extended] = sumOf(total);
      if (v + 1 == m || k + 1 >= prior_->maxParents) continue;
      Lanes* next = matrix(v + 1);
      for (int u = v + 1; u <= m; u++) {
        const Lanes* source = a + row(u);
        const Lanes* linkU = own + size_t(u - v) * B;
        for (int w = u; w <= m; w++, source += B, next += B) {
          const Lanes* linkW = own + size_t(w - v) * B;
          for (int b = 0; b < B; b++) next[b] = source[b] - linkU[b] * linkW[b] * inverse[b];
        }
      }
      visit(v + 1, extended, k + 1, depth + 1);
    }
  }
};

/*
 * Scores under Zellner's g-prior and p(s) proportional to 1 / s, blind to the scale of every variable:
 *   -k/2 log(1 + g) - n/2 log((G_jj + g R) / (1 + g)),  R the residual sum of squares,
 * k the rank of G_PP. Without rows all sets score 0.
 */
class ScaleFreeScores {
 public:
  void run(const Sink& sink, const Prior& prior, double* tops, double* totals) {
    sink_ = &sink;
    prior_ = &prior;
    tops_ = tops;
    const int size = sink.m + 1;
    variance_ = sink.at(sink.m, sink.m);
    perParent_ = 0.5 * std::log1p(prior.g);
    share_ = 1 / (1 + prior.g);
    matrices_.resize(size_t(size + 1) * size * size);
    std::copy(sink.gram.begin(), sink.gram.end(), matrices_.begin());
    std::fill_n(totals, size_t(1) << sink.m, 1.0);
    tops[0] = score(0, variance_);
    visit(0, 0, 0, 0);
  }

 private:
  const Sink* sink_ = nullptr;
  const Prior* prior_ = nullptr;
  double* tops_ = nullptr;
  double variance_ = 0, perParent_ = 0, share_ = 0;
  std::vector<double> matrices_;

  double score(int rank, double residual) const {
    if (sink_->n <= 0 || !(variance_ > 0)) return 0;
    const double share = (1 + prior_->g * std::max(residual, 0.0) / variance_) * share_;
    return -rank * perParent_ - sink_->n / 2 * std::log(share);
  }

  void visit(int first, uint32_t mask, int k, int rank) {
    const int m = sink_->m, size = m + 1;
    if (k >= prior_->maxParents) return;
    const double* a = matrices_.data() + size_t(k) * size * size;
    double* next = matrices_.data() + size_t(k + 1) * size * size;
    for (int v = first; v < m; v++) {
      const double pivot = a[v * size + v];
      const bool adds = pivot > 1e-12 * sink_->at(v, v);
      const double inverse = adds ? 1 / pivot : 0;
      for (int u = v + 1; u < size; u++)
        for (int w = u; w < size; w++) next[u * size + w] = a[u * size + w] - a[v * size + u] * a[v * size + w] * inverse;
      const uint32_t extended = mask | (1u << v);
      tops_[extended] = score(rank + adds, next[size * size - 1]);
      visit(v + 1, extended, k + 1, rank + adds);
    }
  }
};

struct Linear {
  static constexpr double zero = 0, one = 1;
  static double add(double a, double b) { return a + b; }
  static double multiply(double a, double b) { return a * b; }
};

struct Logarithmic {
  static constexpr double zero = -std::numeric_limits<double>::infinity(), one = 0;
  static double add(double a, double b) {
    const double high = a > b ? a : b, low = a > b ? b : a;
    return high == zero ? zero : high + std::log1p(std::exp(low - high));
  }
  static double multiply(double a, double b) { return a + b; }
};

// a[S] becomes the sum over subsets of S.
template <class Ring>
void sumSubsets(double* a, int bits) {
  for (int bit = 0; bit < bits; bit++) {
    const size_t half = size_t(1) << bit;
    for (size_t start = 0; start < size_t(1) << bits; start += 2 * half)
      for (size_t i = start; i < start + half; i++) a[i + half] = Ring::add(a[i + half], a[i]);
  }
}

template <class Ring>
void sumSupersets(double* a, int bits) {
  for (int bit = 0; bit < bits; bit++) {
    const size_t half = size_t(1) << bit;
    for (size_t start = 0; start < size_t(1) << bits; start += 2 * half)
      for (size_t i = start; i < start + half; i++) a[i] = Ring::add(a[i], a[i + half]);
  }
}

inline uint32_t withoutBit(uint32_t set, int bit) {
  const uint32_t low = (1u << bit) - 1;
  return (set & low) | ((set >> 1) & ~low);
}

inline uint32_t withGap(uint32_t set, int bit) {
  const uint32_t low = (1u << bit) - 1;
  return (set & low) | ((set & ~low) << 1);
}

/*
 * Edge probabilities from the weights w_j(P) of all parent sets, all in the ring: alpha_j(S) = sum of w_j over subsets of S,
 * f(S) and b(S) the sums over orders of the first and of the remaining variables, and
 * P(P | D) = w_j(P) sum over S containing P, not j, of f(S) b(S + j) / f(V). Returns f(V).
 */
template <class Ring>
double sumOverOrders(const double* weights, int d, std::vector<double>& work, double* edges, bool& sound) {
  const int m = d - 1;
  const size_t half = size_t(1) << m, all = size_t(1) << d;
  work.resize(d * half + 2 * all + half);
  double *alpha = work.data(), *f = alpha + d * half, *b = f + all, *h = b + all;
  std::memcpy(alpha, weights, d * half * sizeof(double));
  for (int j = 0; j < d; j++) sumSubsets<Ring>(alpha + j * half, m);
  f[0] = Ring::one;
  for (uint32_t set = 1; set < all; set++) {
    double total = Ring::zero;
    for (uint32_t rest = set; rest != 0; rest &= rest - 1) {
      const int j = __builtin_ctz(rest);
      total = Ring::add(total, Ring::multiply(f[set ^ (1u << j)], alpha[j * half + withoutBit(set ^ (1u << j), j)]));
    }
    f[set] = total;
  }
  const double evidence = f[all - 1];
  sound = std::isfinite(evidence) && (Ring::one == 0 || evidence > 1e-200);
  if (!sound || edges == nullptr) return evidence;
  b[all - 1] = Ring::one;
  for (uint32_t set = uint32_t(all - 1); set-- > 0;) {
    double total = Ring::zero;
    for (uint32_t rest = uint32_t(all - 1) & ~set; rest != 0; rest &= rest - 1) {
      const int j = __builtin_ctz(rest);
      total = Ring::add(total, Ring::multiply(alpha[j * half + withoutBit(set, j)], b[set | (1u << j)]));
    }
    b[set] = total;
  }
  for (int j = 0; j < d; j++) {
    for (uint32_t set = 0; set < half; set++) {
      const uint32_t whole = withGap(set, j);
      h[set] = Ring::multiply(f[whole], b[whole | (1u << j)]);
    }
    sumSupersets<Ring>(h, m);
    const double* w = weights + j * half;
    for (uint32_t set = 0; set < half; set++)
      h[set] = Ring::one == 0 ? std::exp(w[set] + h[set] - evidence) : w[set] * h[set] / evidence;
    sumSupersets<Linear>(h, m);
    for (int i = 0; i < m; i++) edges[(i < j ? i : i + 1) * d + j] = std::min(1.0, h[size_t(1) << i]);
    edges[j * d + j] = 0;
  }
  return evidence;
}

constexpr double NEVER = -std::numeric_limits<double>::infinity();

// Scores of all parent sets of one history's sinks, as tops and totals [d, 2^(d-1)].
struct LocalScores {
  std::vector<double> tops, totals;

  void resize(int d) {
    tops.resize(size_t(d) << (d - 1));
    totals.resize(tops.size());
  }

  void score(const double* gram, double rows, int d, int j, const Prior& prior) {
    thread_local Sink sink;
    thread_local OwnScores own;
    thread_local ScaleFreeScores scaleFree;
    const size_t half = size_t(1) << (d - 1);
    double *top = tops.data() + j * half, *total = totals.data() + j * half;
    if (prior.maxParents < d - 1) {
      std::fill_n(top, half, NEVER);
      std::fill_n(total, half, 0.0);
    }
    sink.set(gram, rows, d, j);
    if (prior.scaleFree) scaleFree.run(sink, prior, top, total);
    else own.run(sink, prior, top, total);
  }

  double logScore(size_t at) const { return totals[at] > 0 ? tops[at] + std::log(totals[at]) : NEVER; }

  // Weights relative to e^(largest top) of each sink, times odds^k; returns the sum of the largest tops.
  double weights(int d, const Prior& prior, double* out, bool logarithmic) const {
    const size_t half = size_t(1) << (d - 1);
    const double logOdds = std::log(prior.odds);
    double taken = 0;
    std::vector<double> powers(d, 1);
    for (int k = 1; k < d; k++) powers[k] = powers[k - 1] * prior.odds;
    for (int j = 0; j < d; j++) {
      const double* top = tops.data() + j * half;
      const double highest = *std::max_element(top, top + half);
      taken += highest;
      for (size_t set = 0; set < half; set++) {
        const int k = __builtin_popcount(uint32_t(set));
        const size_t at = j * half + set;
        if (logarithmic) out[at] = logScore(at) - highest + (k == 0 ? 0 : k * logOdds);
      }
      if (logarithmic) continue;
      double* own = out + j * half;
      size_t set = 0;
      for (; set + L <= half; set += L) {
        Lanes v;
        std::memcpy(&v, top + set, sizeof v);
        v = exponentialOfNonPositive(v - highest);
        std::memcpy(own + set, &v, sizeof v);
      }
      for (; set < half; set++) own[set] = std::exp(top[set] - highest);
      const double* total = totals.data() + j * half;
      for (set = 0; set < half; set++) own[set] *= total[set] * powers[__builtin_popcount(uint32_t(set))];
    }
    return taken;
  }
};

Prior priorOf(const double* numbers) {
  const double shape = numbers[2], scale = numbers[3];
  return {numbers[0] != 0, numbers[1], shape, scale, numbers[4], int(numbers[5]), shape * std::log(scale) - std::lgamma(shape)};
}

}  // namespace

extern "C" {

// Gram matrices of every sink over the rows that tell about its mechanism: values and shifts [rows, d] (shifts may be null),
// excluded [rows, d] 1 where a variable was set from outside; grams [d, d, d], counts [d]. With `centred`, a free intercept
// takes one row from each sink.
void cp_sink_grams(const float* values, const uint8_t* excluded, const float* shifts, int32_t rows, int32_t d,
                   int32_t centred, double* grams, double* counts) {
  std::memset(grams, 0, sizeof(double) * d * d * d);
  std::vector<double> mean(d), y(d);
  for (int j = 0; j < d; j++) {
    double* gram = grams + size_t(j) * d * d;
    double count = 0;
    std::fill(mean.begin(), mean.end(), 0.0);
    auto read = [&](int row) {
      for (int i = 0; i < d; i++) y[i] = values[size_t(row) * d + i];
      if (shifts != nullptr) y[j] -= shifts[size_t(row) * d + j];
    };
    for (int row = 0; row < rows; row++) {
      if (excluded[size_t(row) * d + j]) continue;
      count++;
      if (!centred) continue;
      read(row);
      for (int i = 0; i < d; i++) mean[i] += y[i];
    }
    if (centred && count > 0)
      for (int i = 0; i < d; i++) mean[i] /= count;
    for (int row = 0; row < rows; row++) {
      if (excluded[size_t(row) * d + j]) continue;
      read(row);
      for (int i = 0; i < d; i++) y[i] -= mean[i];
      for (int i = 0; i < d; i++)
        for (int k = i; k < d; k++) gram[i * d + k] += y[i] * y[k];
    }
    for (int i = 0; i < d; i++)
      for (int k = 0; k < i; k++) gram[i * d + k] = gram[k * d + i];
    counts[j] = centred ? std::max(0.0, count - 1) : count;
  }
}

// Log scores [K, d, 2^(d-1)] of all parent sets (a bit per other variable), minus infinity beyond the bound on parents.
void cp_exact_scores(const double* grams, const double* counts, int32_t K, int32_t d, const double* priorNumbers,
                     double* scores) {
  const Prior prior = priorOf(priorNumbers);
  const size_t perHistory = size_t(d) << (d - 1);
  LocalScores local;
  local.resize(d);
  for (int64_t k = 0; k < K; k++) {
    parallelFor(d, [&](int64_t j) {
      const size_t task = size_t(k) * d + j;
      local.score(grams + task * d * d, counts[task], d, int(j), prior);
    });
    for (size_t at = 0; at < perHistory; at++) scores[k * perHistory + at] = local.logScore(at);
  }
}

// Edge probabilities [K, d, d] and log evidences [K] (up to what the number of orders and absent edges contribute).
void cp_exact_posterior(const double* grams, const double* counts, int32_t K, int32_t d, const double* priorNumbers,
                        double* edges, double* logEvidence) {
  const Prior prior = priorOf(priorNumbers);
  auto one = [&](int64_t k, bool splitSinks) {
    thread_local LocalScores local;
    thread_local std::vector<double> weights, work;
    LocalScores& scores = local;
    scores.resize(d);
    weights.resize(scores.tops.size());
    auto score = [&](int64_t j) {
      const size_t task = size_t(k) * d + j;
      scores.score(grams + task * d * d, counts[task], d, int(j), prior);
    };
    if (splitSinks) parallelFor(d, score);
    else
      for (int j = 0; j < d; j++) score(j);
    bool sound = false;
    double* own = edges + size_t(k) * d * d;
    double taken = scores.weights(d, prior, weights.data(), false);
    const double linear = sumOverOrders<Linear>(weights.data(), d, work, own, sound);
    logEvidence[k] = taken + std::log(linear);
    if (sound) return;
    taken = scores.weights(d, prior, weights.data(), true);
    logEvidence[k] = taken + sumOverOrders<Logarithmic>(weights.data(), d, work, own, sound);
  };
  if (K < threadCount()) {
    for (int64_t k = 0; k < K; k++) one(k, true);
  } else {
    parallelFor(K, [&](int64_t k) { one(k, false); });
  }
}
}
