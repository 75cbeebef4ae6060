// Chemical Langevin simulation of many gene regulatory networks at once; the equations, the order of the steps and the
// random numbers are those of envs/sergio/langevin-reference.ts, so both give the same cells up to rounding.
//
// Shapes: K systems, d genes, C paths, n cells per path, S steps, E edges. A gene's arrays are flat [S + 1, C], so that
// noise and production are long vector loops; only the recursion over steps is sequential, and it runs several genes at
// a time, which hides the latency of its square root.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
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
typedef float WideFloat __attribute__((vector_size(kWide * 4)));
typedef int32_t WideInt __attribute__((vector_size(kWide * 4)));
typedef uint32_t WideWord __attribute__((vector_size(kWide * 4)));
typedef float HalfFloat __attribute__((vector_size(32)));

#define CAUSAL_PILOT_INLINE static inline __attribute__((always_inline))

constexpr uint32_t kSnapshotCounter = 0xffffffffu;
// Keeps 0 / 0 out of the Hill function: a parent that is off has concentration 0 and half response 0.
constexpr float kHillGuard = 1e-30f;
// Genes integrated side by side.
constexpr int kChains = 4;
// Trajectories of the systems worked on together should stay in the second-level cache.
constexpr size_t kCacheFloats = 256 * 1024;

// Standard deviations of a step by which a walk that is clipped at 0 after every step lies below one that is reflected
// in continuous time: -zeta(1/2) / sqrt(2 pi) (Asmussen, Glynn & Pitman, Annals of Applied Probability 1995).
constexpr float kClippingShift = 0.5826f;

struct Settings {
  int systems, genes, paths, cellsPerPath, window, scattered, phases;
  float timeStep, noiseAmplitude;
  // Variance of the noise: P, + decay x with noisy decay, + 2 sqrt(P decay x) where both are one noise.
  bool noisyDecay, joint;
};

// All arrays belong to the caller; offsets[k * d + j] .. offsets[k * d + j + 1] are the parents of gene j of system k.
struct Batch {
  Settings settings;
  const int32_t* substeps;     // [phases]: steps of length dt that one of the phase stands for
  const int32_t* phaseSteps;   // [K, phases]
  const int32_t* levels;       // [K, d], 0 for genes without parents
  const int32_t* offsets;      // [K * d + 1]
  const int32_t* parents;      // [E]
  const float* strengths;      // [E], negative: repression
  const float* halfResponses;  // [E], negative: the mean of the parent's snapshots in this call
  const float* exponents;      // [E], Hill coefficients
  const float* basalRates;     // [K, d, C]
  const float* decays;         // [K, d]
  const float* factors;        // [K, d], what the intervention multiplies production with
  const uint32_t* keys;        // [K, 2]
  float* cells;                // [K, C * n, d]
};

template <typename V>
CAUSAL_PILOT_INLINE V load(const float* from) {
  V value;
  std::memcpy(&value, from, sizeof(V));
  return value;
}

template <typename V>
CAUSAL_PILOT_INLINE void store(float* to, V value) {
  std::memcpy(to, &value, sizeof(V));
}

template <typename V>
CAUSAL_PILOT_INLINE V squareRoot(V value) {
  V root = value;
  for (size_t lane = 0; lane < sizeof(V) / sizeof(float); lane++) root[lane] = __builtin_sqrtf(value[lane]);
  return root;
}

// Uniform in (0, 1) from 23 bits: (word >> 9) + 1/2 is exact in float.
CAUSAL_PILOT_INLINE WideFloat openUniform(WideWord word) {
  return (__builtin_convertvector((WideInt)(word >> 9), WideFloat) + 0.5f) * 0x1p-23f;
}

// ln u for u in (0, 1): u = m 2^e with m in [sqrt(1/2), sqrt(2)), ln m = 2 atanh((m - 1) / (m + 1)).
CAUSAL_PILOT_INLINE WideFloat naturalLog(WideFloat u) {
  const WideInt bits = (WideInt)u;
  const WideInt exponent = (bits - 0x3f3504f3) >> 23;
  const WideFloat m = (WideFloat)(bits - (exponent << 23));
  const WideFloat t = (m - 1.0f) / (m + 1.0f);
  const WideFloat t2 = t * t;
  const WideFloat series = 1.0f + t2 * (1.0f / 3 + t2 * (1.0f / 5 + t2 * (1.0f / 7 + t2 * (1.0f / 9))));
  return __builtin_convertvector(exponent, WideFloat) * 0.69314718f + 2.0f * t * series;
}

// cos and sin of 2 pi v by their series on the nearest quarter turn.
CAUSAL_PILOT_INLINE void cosineSine(WideFloat v, WideFloat& cosine, WideFloat& sine) {
  const WideInt quarter = __builtin_convertvector(v * 4.0f + 0.5f, WideInt);
  const WideFloat a = (v * 4.0f - __builtin_convertvector(quarter, WideFloat)) * 1.57079633f;
  const WideFloat a2 = a * a;
  const WideFloat s =
      a * (1.0f + a2 * (-1.0f / 6 + a2 * (1.0f / 120 + a2 * (-1.0f / 5040 + a2 * (1.0f / 362880)))));
  const WideFloat c =
      1.0f + a2 * (-0.5f + a2 * (1.0f / 24 + a2 * (-1.0f / 720 + a2 * (1.0f / 40320 + a2 * (-1.0f / 3628800)))));
  const WideInt swapped = (quarter & 1) != 0;
  const WideFloat plainCosine = swapped ? s : c;
  const WideFloat plainSine = swapped ? c : s;
  cosine = (((quarter + 1) & 2) != 0) ? -plainCosine : plainCosine;
  sine = ((quarter & 2) != 0) ? -plainSine : plainSine;
}

// Entries of a block of normals rounded up so that both halves are whole vectors.
CAUSAL_PILOT_INLINE size_t normalBlock(size_t count) { return (count + 2 * kWide - 1) / (2 * kWide) * (2 * kWide); }

// `normalBlock(count)` standard normals by Box-Muller: counter (p, gene) gives entry p and entry p + block / 2.
void fillNormals(float* out, size_t count, uint32_t gene, const uint32_t* key) {
  const size_t half = normalBlock(count) / 2;
  WideWord lane;
  for (int i = 0; i < kWide; i++) lane[i] = (uint32_t)i;
  for (size_t p = 0; p < half; p += kWide) {
    WideWord x0 = lane + (uint32_t)p;
    WideWord x1 = lane * 0u + gene;
    threefry(key[0], key[1], x0, x1);
    const WideFloat radius = squareRoot<WideFloat>(-2.0f * naturalLog(openUniform(x0)));
    WideFloat cosine, sine;
    cosineSine(openUniform(x1), cosine, sine);
    store<WideFloat>(out + p, radius * cosine);
    store<WideFloat>(out + half + p, radius * sine);
  }
}

// How a gene answers to one of its regulators.
struct Response {
  float strength, halfResponse, exponent;
};

// production += |k| hill(x), or |k| (1 - hill(x)) for a repressing edge.
void addProduction(float* production, const float* concentrations, size_t count, const Response& response) {
  const float strength = response.strength;
  const float base = strength < 0 ? -strength : 0.0f;
  if (response.exponent == 1.0f) {
    const float offset = response.halfResponse + kHillGuard;
    for (size_t i = 0; i < count; i++)
      production[i] += base + strength * (concentrations[i] / (offset + concentrations[i]));
  } else if (response.exponent == 2.0f) {
    const float offset = response.halfResponse * response.halfResponse + kHillGuard;
    for (size_t i = 0; i < count; i++) {
      const float square = concentrations[i] * concentrations[i];
      production[i] += base + strength * (square / (offset + square));
    }
  } else {
    const float offset = std::pow(response.halfResponse, response.exponent) + kHillGuard;
    for (size_t i = 0; i < count; i++) {
      const float power = std::pow(concentrations[i], response.exponent);
      production[i] += base + strength * (power / (offset + power));
    }
  }
}

// One gene of one system while its level is worked on.
struct GeneTask {
  float* trajectory;         // [S + 1, C]; the first row is the initial concentration
  const float* production;   // [S + 1, C]
  const float* normals;      // [S, C] at least
  float decay;
  const int32_t* phaseSteps;  // [phases]
};

// Rows `from` .. `to` of the recursion for the paths from `firstPath`.
struct Stretch {
  int from, to, firstPath;
};

// Standard deviation of the noise of a unit of time, over its amplitude.
template <typename V>
CAUSAL_PILOT_INLINE V spread(const Settings& settings, V production, V loss) {
  if (!settings.noisyDecay) return squareRoot<V>(production);
  if (!settings.joint) return squareRoot<V>(production + loss);
  return squareRoot<V>(production + loss + squareRoot<V>(production * loss) * 2.0f);
}

// x += (P - decay x) dt + amplitude spread sqrt(dt) z, clipped at 0. The two independent noises of production and decay
// add up to this one normal.
template <typename V, int Chains>
void integrate(const GeneTask* tasks, const Settings& settings, const Stretch& stretch) {
  const int paths = settings.paths;
  const float dt = settings.timeStep;
  const float amplitude = settings.noiseAmplitude * std::sqrt(dt);
  V x[Chains];
  for (int c = 0; c < Chains; c++)
    x[c] = load<V>(tasks[c].trajectory + (size_t)stretch.from * paths + stretch.firstPath);
  for (int step = stretch.from; step < stretch.to; step++) {
    const size_t at = (size_t)step * paths + stretch.firstPath;
#pragma GCC unroll 8
    for (int c = 0; c < Chains; c++) {
      const V production = load<V>(tasks[c].production + at);
      const V loss = x[c] * tasks[c].decay;
      const V noise = spread<V>(settings, production, loss) * amplitude * load<V>(tasks[c].normals + at);
      const V next = x[c] + (production - loss) * dt + noise;
      x[c] = next > 0 ? next : next * 0;
      // Lanes past the last path fall on the next row, which is written after this one.
      store<V>(tasks[c].trajectory + at + paths, x[c]);
    }
  }
}

// The moments of `substeps` steps of `integrate` under a constant production, away from 0: the mean is
// retained x + gain P, the standard deviation `scale` times the spread at the decay lossOfProduction P + lossOfState x,
// the average over the steps by their weight in the result.
struct Leap {
  float retained, gain, scale, lossOfProduction, lossOfState, later, shift;

  Leap() = default;
  Leap(const Settings& settings, double decay, int substeps) {
    const double dt = settings.timeStep, kept = 1 - decay * dt;
    double power = 1, weight = 0, fromStart = 0;
    for (int step = substeps - 1; step >= 0; step--, power *= kept) {
      weight += power * power;
      fromStart += power * power * std::pow(kept, step);
    }
    retained = (float)power;
    gain = (float)((1 - power) / decay);
    scale = (float)(settings.noiseAmplitude * std::sqrt(weight * dt));
    lossOfProduction = (float)(1 - fromStart / weight);
    lossOfState = (float)(decay * fromStart / weight);
    // Production goes in a line from this row's to the next one's; steps read it at their beginning.
    later = (float)((substeps - 1) / (2.0 * substeps));
    shift = (float)(kClippingShift * settings.noiseAmplitude * std::sqrt(dt));
  }
};

// `integrate` with one step in place of `substeps`, the same in law up to terms of second order: at 0 it is reflected,
// as many clipped steps are seen from afar, about the level below 0 that their clipping amounts to.
template <typename V, int Chains>
void leap(const GeneTask* tasks, const Settings& settings, const Stretch& stretch, const Leap* leaps) {
  const int paths = settings.paths;
  V x[Chains];
  for (int c = 0; c < Chains; c++)
    x[c] = load<V>(tasks[c].trajectory + (size_t)stretch.from * paths + stretch.firstPath);
  for (int step = stretch.from; step < stretch.to; step++) {
    const size_t at = (size_t)step * paths + stretch.firstPath;
#pragma GCC unroll 8
    for (int c = 0; c < Chains; c++) {
      const Leap& of = leaps[c];
      const V now = load<V>(tasks[c].production + at);
      const V production = now + (load<V>(tasks[c].production + at + paths) - now) * of.later;
      const V loss = production * of.lossOfProduction + x[c] * of.lossOfState;
      const V noise = spread<V>(settings, production, loss) * of.scale * load<V>(tasks[c].normals + at);
      const V shift = squareRoot<V>(production) * of.shift;
      const V free = x[c] * of.retained + production * of.gain + noise;
      const V above = free + shift;
      const V next = (above > 0 ? above : -above) - shift;
      x[c] = next > 0 ? next : next * 0;
      store<V>(tasks[c].trajectory + at + paths, x[c]);
    }
  }
}

template <typename V, int Chains>
void follow(const GeneTask* tasks, const Settings& settings, const Stretch& stretch, int substeps) {
  if (substeps == 1) return integrate<V, Chains>(tasks, settings, stretch);
  Leap leaps[Chains];
  for (int c = 0; c < Chains; c++) leaps[c] = Leap(settings, tasks[c].decay, substeps);
  leap<V, Chains>(tasks, settings, stretch, leaps);
}

// All phases of genes that have the same numbers of steps but for the last phase.
template <typename V, int Chains>
void followTogether(const GeneTask* tasks, const Settings& settings, const int32_t* substeps, int firstPath) {
  int from = 0;
  for (int phase = 0; phase < settings.phases; phase++) {
    int common = tasks[0].phaseSteps[phase];
    for (int c = 1; c < Chains; c++) common = std::min(common, tasks[c].phaseSteps[phase]);
    follow<V, Chains>(tasks, settings, {from, from + common, firstPath}, substeps[phase]);
    for (int c = 0; c < Chains; c++)
      follow<V, 1>(tasks + c, settings, {from + common, from + tasks[c].phaseSteps[phase], firstPath}, substeps[phase]);
    from += common;
  }
}

// Genes in the order of their first phases' lengths, so that most of those side by side agree in them.
template <typename V>
void followAll(std::vector<GeneTask>& tasks, const Settings& settings, const int32_t* substeps) {
  constexpr int lanes = sizeof(V) / sizeof(float);
  const int last = settings.phases - 1;
  std::stable_sort(tasks.begin(), tasks.end(), [last](const GeneTask& a, const GeneTask& b) {
    return std::lexicographical_compare(a.phaseSteps, a.phaseSteps + last, b.phaseSteps, b.phaseSteps + last);
  });
  // More paths than lanes: the last block is moved back to end at the last path, so nothing is written beyond it.
  for (int path = 0; path < settings.paths; path += lanes) {
    const int first = settings.paths > lanes ? std::min(path, settings.paths - lanes) : 0;
    size_t task = 0;
    for (; task + kChains <= tasks.size(); task += kChains) {
      const GeneTask* group = &tasks[task];
      if (std::equal(group[0].phaseSteps, group[0].phaseSteps + last, group[kChains - 1].phaseSteps))
        followTogether<V, kChains>(group, settings, substeps, first);
      else
        for (int c = 0; c < kChains; c++) followTogether<V, 1>(group + c, settings, substeps, first);
    }
    for (; task < tasks.size(); task++) followTogether<V, 1>(&tasks[task], settings, substeps, first);
  }
}

// What one thread needs to simulate a group of systems level by level; reused from group to group.
class Worker {
 public:
  explicit Worker(const Batch& batch) : batch_(batch) {}

  void simulate(int first, int last) {
    const Settings& s = batch_.settings;
    prepare(first, last);
    for (int level = 0; level <= deepest_; level++) {
      tasks_.clear();
      members_.clear();
      for (int system = first; system < last; system++)
        for (int gene = 0; gene < s.genes; gene++)
          if (batch_.levels[(size_t)system * s.genes + gene] == level) addTask(system - first, system, gene);
      if (s.paths <= 8) followAll<HalfFloat>(tasks_, s, batch_.substeps);
      else followAll<WideFloat>(tasks_, s, batch_.substeps);
      for (const Member& member : members_) takeSnapshots(member);
    }
  }

 private:
  struct Member {
    int local, system, gene;
  };

  int genes() const { return batch_.settings.genes; }
  size_t cellCount() const { return (size_t)batch_.settings.paths * batch_.settings.cellsPerPath; }
  size_t row(int local, int gene) const { return (size_t)local * genes() + gene; }
  float* trajectory(int local, int gene) { return trajectories_.data() + row(local, gene) * stride_; }
  const int32_t* phaseSteps(int system) const { return batch_.phaseSteps + (size_t)system * batch_.settings.phases; }

  void prepare(int first, int last) {
    const Settings& s = batch_.settings;
    const int members = last - first;
    steps_.assign(members, 0);
    deepest_ = 0;
    for (int system = first; system < last; system++) {
      const int32_t* levels = batch_.levels + (size_t)system * s.genes;
      deepest_ = std::max(deepest_, (int)*std::max_element(levels, levels + s.genes));
      for (int phase = 0; phase < s.phases; phase++) steps_[system - first] += phaseSteps(system)[phase];
    }
    const size_t longest = *std::max_element(steps_.begin(), steps_.end());
    stride_ = (longest + 1) * s.paths + kWide;
    if (trajectories_.size() < stride_ * members * s.genes) trajectories_.resize(stride_ * members * s.genes);
    pathMeans_.resize((size_t)members * s.genes * s.paths);
    geneMeans_.resize((size_t)members * s.genes);
    drawSnapshotSteps(first, last);
  }

  // The same steps for all genes: a cell is one moment of a system. Uniform over the last `window` states.
  void drawSnapshotSteps(int first, int last) {
    const uint64_t window = batch_.settings.window;
    snapshots_.resize((last - first) * cellCount());
    for (int system = first; system < last; system++) {
      const uint32_t* key = batch_.keys + 2 * (size_t)system;
      int32_t* steps = snapshots_.data() + (system - first) * cellCount();
      for (size_t cell = 0; cell < cellCount(); cell++) {
        uint32_t x0 = (uint32_t)cell, x1 = kSnapshotCounter;
        threefry(key[0], key[1], x0, x1);
        steps[cell] = (int32_t)(steps_[system - first] + 1 - window + ((x0 * window) >> 32));
      }
    }
  }

  void addTask(int local, int system, int gene) {
    const Settings& s = batch_.settings;
    const size_t global = (size_t)system * s.genes + gene;
    const int steps = steps_[local];
    const size_t states = (size_t)(steps + 1) * s.paths;
    members_.push_back({local, system, gene});
    float* path = trajectory(local, gene);
    const float factor = batch_.factors[global];
    if (factor == 0) {
      std::fill(path, path + states, 0.0f);
      return;
    }
    const size_t slot = tasks_.size();
    if (scratch_.size() <= slot) scratch_.resize(slot + 1);
    std::vector<float>& scratch = scratch_[slot];
    const size_t normalCount = s.scattered ? states : (size_t)steps * s.paths;
    const size_t needed = states + kWide + normalBlock(normalCount) + kWide;
    if (scratch.size() < needed) scratch.resize(needed);
    float* production = scratch.data();
    float* normals = production + states + kWide;
    computeProduction(production, local, global, factor, states);
    fillNormals(normals, normalCount, (uint32_t)gene, batch_.keys + 2 * (size_t)system);
    if (s.scattered) scatter(path, production, normals + (size_t)steps * s.paths, batch_.decays[global]);
    else startSteady(path, production, local, global, factor);
    tasks_.push_back({path, production, normals, batch_.decays[global], phaseSteps(system)});
  }

  Response responseOf(int32_t edge, size_t parent) const {
    const float own = batch_.halfResponses[edge];
    return {batch_.strengths[edge], own < 0 ? geneMeans_[parent] : own, batch_.exponents[edge]};
  }

  // Fills `production` [S + 1, C].
  void computeProduction(float* production, int local, size_t global, float factor, size_t states) {
    const Settings& s = batch_.settings;
    const int32_t begin = batch_.offsets[global], end = batch_.offsets[global + 1];
    if (begin == end) {
      const float* rates = batch_.basalRates + global * s.paths;
      for (int path = 0; path < s.paths; path++) production[path] = rates[path] * factor;
      for (size_t i = s.paths; i < states; i++) production[i] = production[i - s.paths];
      return;
    }
    std::fill(production, production + states, 0.0f);
    for (int32_t edge = begin; edge < end; edge++) {
      const size_t parent = row(local, batch_.parents[edge]);
      addProduction(production, trajectories_.data() + parent * stride_, states, responseOf(edge, parent));
    }
    if (factor != 1.0f)
      for (size_t i = 0; i < states; i++) production[i] *= factor;
  }

  // The first row of `path`: the steady state that the means of the parents' snapshots imply.
  void startSteady(float* path, const float* production, int local, size_t global, float factor) {
    const Settings& s = batch_.settings;
    const int32_t begin = batch_.offsets[global], end = batch_.offsets[global + 1];
    if (begin == end) {
      for (int i = 0; i < s.paths; i++) path[i] = production[i] / batch_.decays[global];
      return;
    }
    std::fill(path, path + s.paths, 0.0f);
    for (int32_t edge = begin; edge < end; edge++) {
      const size_t parent = row(local, batch_.parents[edge]);
      addProduction(path, &pathMeans_[parent * s.paths], s.paths, responseOf(edge, parent));
    }
    for (int i = 0; i < s.paths; i++) path[i] *= factor / batch_.decays[global];
  }

  // The first row of `path`: the steady state under the parents' first rows, with the variance of a gene whose production
  // is constant, spread^2 / (2 decay) with the decay equal to production.
  void scatter(float* path, const float* production, const float* normals, float decay) {
    const Settings& s = batch_.settings;
    const float amplitude = s.noiseAmplitude * std::sqrt(0.5f * (1 + s.noisyDecay) + s.joint);
    for (int i = 0; i < s.paths; i++) {
      const float steady = production[i] / decay;
      path[i] = std::max(0.0f, steady + amplitude * std::sqrt(steady) * normals[i]);
    }
  }

  // Writes the gene's column of the cells and the means of its snapshots.
  void takeSnapshots(const Member& member) {
    const Settings& s = batch_.settings;
    const float* path = trajectory(member.local, member.gene);
    const int32_t* steps = snapshots_.data() + member.local * cellCount();
    float* cells = batch_.cells + member.system * cellCount() * s.genes + member.gene;
    const size_t gene = row(member.local, member.gene);
    double total = 0;
    for (int c = 0; c < s.paths; c++) {
      double sum = 0;
      for (int n = 0; n < s.cellsPerPath; n++) {
        const size_t cell = (size_t)c * s.cellsPerPath + n;
        const float value = path[(size_t)steps[cell] * s.paths + c];
        cells[cell * s.genes] = value;
        sum += value;
      }
      pathMeans_[gene * s.paths + c] = (float)(sum / s.cellsPerPath);
      total += sum / s.cellsPerPath;
    }
    geneMeans_[gene] = (float)(total / s.paths);
  }

  const Batch& batch_;
  std::vector<float> trajectories_, pathMeans_, geneMeans_;
  std::vector<std::vector<float>> scratch_;
  std::vector<int32_t> steps_, snapshots_;
  std::vector<GeneTask> tasks_;
  std::vector<Member> members_;
  size_t stride_ = 0;
  int deepest_ = 0;
};

int systemsPerGroup(const Batch& batch) {
  const Settings& s = batch.settings;
  size_t steps = 1;
  for (int phase = 0; phase < s.phases; phase++) steps += batch.phaseSteps[phase];
  const size_t perSystem = (size_t)s.genes * s.paths * steps;
  return (int)std::max<size_t>(1, std::min<size_t>(16, kCacheFloats / perSystem));
}

}  // namespace

// dims: systems, genes, paths, cells per path, window, scattered (0 or 1), phases, threads, noisy decay and joint noise
// (0 or 1). constants: time step, noise amplitude. The other arrays are those of `Batch`.
// Returns 0, or 1 if memory ran out.
CAUSAL_PILOT_EXPORT int cp_sergio_simulate(const int32_t* dims, const float* constants, const int32_t* substeps,
                                           const int32_t* phaseSteps, const int32_t* levels, const int32_t* offsets,
                                           const int32_t* parents, const float* strengths, const float* halfResponses,
                                           const float* exponents, const float* basalRates, const float* decays,
                                           const float* factors, const uint32_t* keys, float* cells) {
  const Settings settings = {dims[0], dims[1], dims[2], dims[3], dims[4], dims[5], dims[6], constants[0], constants[1], dims[8] != 0, dims[9] != 0};
  const Batch batch = {settings,  substeps,   phaseSteps, levels,  offsets, parents, strengths, halfResponses,
                       exponents, basalRates, decays,     factors, keys,    cells};
  const int group = systemsPerGroup(batch);
  const int groups = (settings.systems + group - 1) / group;
  std::atomic<int> next{0};
  std::atomic<bool> failed{false};
  const auto work = [&] {
    try {
      Worker worker(batch);
      for (int g = next++; g < groups; g = next++)
        worker.simulate(g * group, std::min(settings.systems, (g + 1) * group));
    } catch (const std::bad_alloc&) {
      failed = true;
    }
  };
  std::vector<std::thread> helpers;
  for (int t = 1; t < std::min(dims[7], groups); t++) helpers.emplace_back(work);
  work();
  for (std::thread& helper : helpers) helper.join();
  return failed ? 1 : 0;
}

// Threefry-2x32-20 of one counter, for comparison with the reference: words holds key 0, key 1, counter 0, counter 1;
// the last two are replaced by the result.
CAUSAL_PILOT_EXPORT void cp_threefry(uint32_t* words) { threefry(words[0], words[1], words[2], words[3]); }
