// Measurement of clean cells: library sizes, dropout and counts of many sheets at once. The arithmetic and the random
// numbers are those of envs/sergio/technical-noise.ts, in double precision but for the sheets.
//
// Shapes: K sheets of R cells x d genes each, one after the other.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <new>
#include <thread>
#include <vector>

#include "counter-random.h"

#if defined(_WIN32)
#define CAUSAL_PILOT_EXPORT extern "C" __declspec(dllexport)
#else
#define CAUSAL_PILOT_EXPORT extern "C" __attribute__((visibility("default")))
#endif

namespace {

constexpr int kWide = 16;
typedef uint32_t WideWord __attribute__((vector_size(kWide * 4)));

constexpr int kSizes = 1, kDropout = 2, kOwnMidpoint = 4, kCounts = 8;
constexpr double kRejectionFrom = 10;
constexpr int kLongestSearch = 256;

// What happens to one sheet.
struct Sheet {
  int effects;       // of kSizes, kDropout, kOwnMidpoint, kCounts
  int cells, genes;
  double logMean, logStd, meanTotal;  // meanTotal 0: each cell's own
  double shape, percentile, midpoint;
  const uint32_t* keys;  // sizes, dropout, counts: two words each
  float* values;         // [R, d], replaced

  size_t entries() const { return (size_t)cells * genes; }
};

double openUniform(uint32_t word) { return (word + 0.5) * 0x1p-32; }

void drawWords(const uint32_t* key, uint32_t counter0, uint32_t counter1, uint32_t* words) {
  words[0] = counter0;
  words[1] = counter1;
  threefry(key[0], key[1], words[0], words[1]);
}

// The first word of counters (0, 0), (1, 0), ... : one for each entry.
void fillWords(std::vector<uint32_t>& words, size_t count, const uint32_t* key) {
  const size_t whole = (count + kWide - 1) / kWide * kWide;
  if (words.size() < whole) words.resize(whole);
  WideWord lane;
  for (int i = 0; i < kWide; i++) lane[i] = (uint32_t)i;
  for (size_t at = 0; at < whole; at += kWide) {
    WideWord x0 = lane + (uint32_t)at;
    WideWord x1 = lane * 0u;
    threefry(key[0], key[1], x0, x1);
    for (int i = 0; i < kWide; i++) words[at + i] = x0[i];
  }
}

void sizeLibraries(const Sheet& sheet) {
  for (int cell = 0; cell < sheet.cells; cell++) {
    float* row = sheet.values + (size_t)cell * sheet.genes;
    double total = 0;
    for (int gene = 0; gene < sheet.genes; gene++) total += row[gene];
    if (total == 0) continue;
    uint32_t words[2];
    drawWords(sheet.keys, (uint32_t)cell, 0, words);
    const double normal = std::sqrt(-2 * std::log(openUniform(words[0]))) * std::cos(2 * M_PI * openUniform(words[1]));
    const double scale = std::exp(sheet.logMean + sheet.logStd * normal) / (sheet.meanTotal > 0 ? sheet.meanTotal : total);
    for (int gene = 0; gene < sheet.genes; gene++) row[gene] = (float)(row[gene] * scale);
  }
}

// Percentile of log(1 + x) with linear interpolation between order statistics.
double ownMidpoint(const Sheet& sheet, std::vector<float>& sorted) {
  sorted.assign(sheet.values, sheet.values + sheet.entries());
  const double position = sheet.percentile / 100 * (sorted.size() - 1);
  const size_t below = (size_t)position;
  std::nth_element(sorted.begin(), sorted.begin() + below, sorted.end());
  const double low = std::log1p((double)sorted[below]);
  if (below + 1 == sorted.size()) return low;
  const double high = std::log1p((double)*std::min_element(sorted.begin() + below + 1, sorted.end()));
  return low + (position - below) * (high - low);
}

double raised(double base, double exponent) {
  if (exponent == 8) {
    const double square = base * base, fourth = square * square;
    return fourth * fourth;
  }
  return exponent == 2 ? base * base : std::pow(base, exponent);
}

void dropOut(const Sheet& sheet, std::vector<uint32_t>& words, std::vector<float>& sorted) {
  const double middle = std::exp((sheet.effects & kOwnMidpoint) ? ownMidpoint(sheet, sorted) : sheet.midpoint);
  fillWords(words, sheet.entries(), sheet.keys + 2);
  for (size_t entry = 0; entry < sheet.entries(); entry++) {
    const double odds = raised(middle / (1 + (double)sheet.values[entry]), sheet.shape);
    if (!(openUniform(words[entry]) * (1 + odds) < 1)) sheet.values[entry] = 0;
  }
}

double logFactorial(double k) {
  if (k < 10) {
    double total = 0;
    for (int factor = 2; factor <= k; factor++) total += std::log((double)factor);
    return total;
  }
  const double inverse = 1 / k, square = inverse * inverse;
  const double series = inverse * (1.0 / 12 - square * (1.0 / 360 - square * (1.0 / 1260 - square / 1680)));
  return (k + 0.5) * std::log(k) - k + 0.5 * std::log(2 * M_PI) + series;
}

// Algorithm PTRS of W. Hormann, Insurance: Mathematics and Economics 12 (1993), as in core/random/poisson.ts.
double poissonByRejection(double mean, uint32_t entry, const uint32_t* key) {
  const double b = 0.931 + 2.53 * std::sqrt(mean);
  const double a = -0.059 + 0.02483 * b;
  const double squeeze = 0.9277 - 3.6224 / (b - 2);
  for (uint32_t attempt = 1;; attempt++) {
    uint32_t words[2];
    drawWords(key, entry, attempt, words);
    const double centred = openUniform(words[0]) - 0.5;
    const double v = openUniform(words[1]);
    const double distance = 0.5 - std::fabs(centred);
    const double count = std::floor((2 * a / distance + b) * centred + mean + 0.43);
    if (distance >= 0.07 && v <= squeeze) return count;
    if (count < 0 || (distance < 0.013 && v > distance)) continue;
    const double inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
    const double hat = std::log(v * inverseAlpha / (a / (distance * distance) + b));
    if (hat <= count * std::log(mean) - mean - logFactorial(count)) return count;
  }
}

// The smallest count whose cumulative probability reaches the uniform.
double poissonByInversion(double mean, double uniform) {
  double probability = std::exp(-mean), cumulative = probability;
  int count = 0;
  while (uniform > cumulative && count < kLongestSearch) {
    probability *= mean / ++count;
    cumulative += probability;
  }
  return count;
}

void drawCounts(const Sheet& sheet) {
  const uint32_t* key = sheet.keys + 4;
  for (size_t entry = 0; entry < sheet.entries(); entry++) {
    const double mean = sheet.values[entry];
    if (mean == 0) continue;
    if (mean >= kRejectionFrom) {
      sheet.values[entry] = (float)poissonByRejection(mean, (uint32_t)entry, key);
      continue;
    }
    uint32_t words[2];
    drawWords(key, (uint32_t)entry, 0, words);
    sheet.values[entry] = (float)poissonByInversion(mean, openUniform(words[0]));
  }
}

}  // namespace

// dims: sheets, threads. integers [K, 3]: effects, cells, genes. numbers [K, 6]: log mean and log std of library sizes,
// mean total, shape, percentile and midpoint of the dropout. keys [K, 6]. values: all sheets, replaced.
// Returns 0, or 1 if memory ran out.
CAUSAL_PILOT_EXPORT int cp_sergio_measure(const int32_t* dims, const int32_t* integers, const double* numbers,
                                          const uint32_t* keys, float* values) {
  try {
    const int count = dims[0];
    std::vector<Sheet> sheets;
    sheets.reserve(count);
    for (int k = 0; k < count; k++) {
      const int32_t* whole = integers + 3 * k;
      const double* real = numbers + 6 * k;
      sheets.push_back({whole[0], whole[1], whole[2], real[0], real[1], real[2], real[3], real[4], real[5], keys + 6 * k, values});
      values += sheets.back().entries();
    }
    std::atomic<int> next{0};
    std::atomic<bool> failed{false};
    const auto work = [&] {
      try {
        std::vector<uint32_t> words;
        std::vector<float> sorted;
        for (int k = next++; k < count; k = next++) {
          const Sheet& sheet = sheets[k];
          if (sheet.effects & kSizes) sizeLibraries(sheet);
          if (sheet.effects & kDropout) dropOut(sheet, words, sorted);
          if (sheet.effects & kCounts) drawCounts(sheet);
        }
      } catch (const std::bad_alloc&) {
        failed = true;
      }
    };
    std::vector<std::thread> helpers;
    for (int t = 1; t < std::min(dims[1], count); t++) helpers.emplace_back(work);
    work();
    for (std::thread& helper : helpers) helper.join();
    return failed ? 1 : 0;
  } catch (const std::bad_alloc&) {
    return 1;
  }
}
