// Chemical Langevin simulation of many gene regulatory networks at once; the equations, the order of the steps and the
// random numbers are those of envs/sergio/langevin-reference.ts, so both give the same cells up to rounding.
//
// Shapes: K systems, d genes, B cell types, n cells per type, S steps. A gene's arrays are flat [S, B], so that noise
// and production are long vector loops; only the recursion over steps is sequential, and it runs several genes at a
// time, which hides the latency of its square root.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <new>
#include <thread>
#include <vector>

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

struct Settings {
  int systems, genes, cellTypes, cellsPerType, stepsPerCell, safetySteps;
  float timeStep, hill, noiseAmplitude;
};

// All arrays belong to the caller; offsets[k * d + j] .. offsets[k * d + j + 1] are the parents of gene j of system k.
struct Batch {
  Settings settings;
  const int32_t* levels;      // [K, d], 0 for genes without parents
  const int32_t* offsets;     // [K * d + 1]
  const int32_t* parents;     // [edges]
  const float* strengths;     // [edges], negative: repression
  const float* basalRates;    // [K, d, B]
  const float* decays;        // [K, d]
  const float* factors;       // [K, d], what the intervention multiplies production with
  const uint32_t* keys;       // [K, 2]
  float* cells;               // [K, B * n, d]
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

// Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). `Word` is
// uint32_t or a vector of them.
template <typename Word>
CAUSAL_PILOT_INLINE void threefry(uint32_t key0, uint32_t key1, Word& x0, Word& x1) {
  const uint32_t schedule[3] = {key0, key1, 0x1bd11bdau ^ key0 ^ key1};
  constexpr int rotations[8] = {13, 15, 26, 6, 17, 29, 16, 24};
  x0 += schedule[0];
  x1 += schedule[1];
#pragma GCC unroll 20
  for (int round = 0; round < 20; round++) {
    x0 += x1;
    x1 = (x1 << rotations[round % 8]) | (x1 >> (32 - rotations[round % 8]));
    x1 ^= x0;
    if (round % 4 == 3) {
      const uint32_t injection = round / 4 + 1;
      x0 += schedule[injection % 3];
      x1 += schedule[(injection + 1) % 3] + injection;
    }
  }
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

// Replaces concentrations by their Hill response, which all targets of the gene share.
void respond(float* values, size_t count, float halfResponse, float coefficient) {
  if (coefficient == 1.0f) {
    const float offset = halfResponse + kHillGuard;
    for (size_t i = 0; i < count; i++) values[i] = values[i] / (offset + values[i]);
  } else if (coefficient == 2.0f) {
    const float offset = halfResponse * halfResponse + kHillGuard;
    for (size_t i = 0; i < count; i++) {
      const float square = values[i] * values[i];
      values[i] = square / (offset + square);
    }
  } else {
    const float offset = std::pow(halfResponse, coefficient) + kHillGuard;
    for (size_t i = 0; i < count; i++) {
      const float power = std::pow(values[i], coefficient);
      values[i] = power / (offset + power);
    }
  }
}

// production += |strength| response, or |strength| (1 - response) for a repressing edge.
void addProduction(float* production, const float* response, size_t count, float strength) {
  const float base = strength < 0 ? -strength : 0.0f;
  for (size_t i = 0; i < count; i++) production[i] += base + strength * response[i];
}

// One gene of one system while its level is worked on.
struct GeneTask {
  float* trajectory;        // [S + 1, B]; the first row is the initial concentration
  const float* production;  // [S, B]
  const float* normals;     // [S, B]
  float decay;
  int steps;
};

// Steps `from` .. `to` of `Chains` genes for the cell types from `firstType`:
// x += (P - decay x) dt + amplitude sqrt((P + decay x) dt) z, clipped at 0. The two independent noises of production
// and decay add up to this one normal.
template <typename V, int Chains>
void integrate(const GeneTask* tasks, const Settings& settings, int from, int to, int firstType) {
  const int cellTypes = settings.cellTypes;
  const float dt = settings.timeStep;
  const float amplitude = settings.noiseAmplitude * std::sqrt(dt);
  V x[Chains];
  for (int c = 0; c < Chains; c++) x[c] = load<V>(tasks[c].trajectory + (size_t)from * cellTypes + firstType);
  for (int step = from; step < to; step++) {
    const size_t at = (size_t)step * cellTypes + firstType;
#pragma GCC unroll 8
    for (int c = 0; c < Chains; c++) {
      const V production = load<V>(tasks[c].production + at);
      const V loss = x[c] * tasks[c].decay;
      const V noise = squareRoot<V>(production + loss) * amplitude * load<V>(tasks[c].normals + at);
      const V next = x[c] + (production - loss) * dt + noise;
      x[c] = next > 0 ? next : next * 0;
      // Lanes past the last cell type fall on the next row, which is written after this one.
      store<V>(tasks[c].trajectory + at + cellTypes, x[c]);
    }
  }
}

template <typename V>
void integrateAll(const std::vector<GeneTask>& tasks, const Settings& settings) {
  constexpr int lanes = sizeof(V) / sizeof(float);
  // More cell types than lanes: the last block is moved back to end at the last type, so nothing is written beyond it.
  for (int type = 0; type < settings.cellTypes; type += lanes) {
    const int first = settings.cellTypes > lanes ? std::min(type, settings.cellTypes - lanes) : 0;
    size_t task = 0;
    for (; task + kChains <= tasks.size(); task += kChains) {
      int common = tasks[task].steps;
      for (int c = 1; c < kChains; c++) common = std::min(common, tasks[task + c].steps);
      integrate<V, kChains>(&tasks[task], settings, 0, common, first);
      for (int c = 0; c < kChains; c++) integrate<V, 1>(&tasks[task + c], settings, common, tasks[task + c].steps, first);
    }
    for (; task < tasks.size(); task++) integrate<V, 1>(&tasks[task], settings, 0, tasks[task].steps, first);
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
      if (s.cellTypes <= 8) integrateAll<HalfFloat>(tasks_, s);
      else integrateAll<WideFloat>(tasks_, s);
      for (const Member& member : members_) takeSnapshots(member);
    }
  }

 private:
  struct Member {
    int local, system, gene;
  };

  int genes() const { return batch_.settings.genes; }
  size_t cellCount() const { return (size_t)batch_.settings.cellTypes * batch_.settings.cellsPerType; }
  size_t row(int local, int gene) const { return (size_t)local * genes() + gene; }
  float* trajectory(int local, int gene) { return trajectories_.data() + row(local, gene) * stride_; }

  void prepare(int first, int last) {
    const Settings& s = batch_.settings;
    const int members = last - first;
    steps_.assign(members, 0);
    deepest_ = 0;
    for (int system = first; system < last; system++) {
      const int32_t* levels = batch_.levels + (size_t)system * s.genes;
      const int depth = *std::max_element(levels, levels + s.genes);
      deepest_ = std::max(deepest_, depth);
      steps_[system - first] = s.stepsPerCell * s.cellsPerType + s.safetySteps * depth;
    }
    const size_t longest = *std::max_element(steps_.begin(), steps_.end());
    stride_ = (longest + 1) * s.cellTypes + kWide;
    if (trajectories_.size() < stride_ * members * s.genes) trajectories_.resize(stride_ * members * s.genes);
    typeMeans_.resize((size_t)members * s.genes * s.cellTypes);
    drawSnapshotSteps(first, last);
  }

  // The same steps for all genes: a cell is one moment of a system. Uniform over the last stepsPerCell * n states.
  void drawSnapshotSteps(int first, int last) {
    const Settings& s = batch_.settings;
    const uint64_t window = (uint64_t)s.stepsPerCell * s.cellsPerType;
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
    const size_t count = (size_t)steps * s.cellTypes;
    members_.push_back({local, system, gene});
    float* path = trajectory(local, gene);
    const float factor = batch_.factors[global];
    if (factor == 0) {
      std::fill(path, path + count + s.cellTypes, 0.0f);
      return;
    }
    const size_t slot = tasks_.size();
    if (scratch_.size() <= slot) scratch_.resize(slot + 1);
    std::vector<float>& scratch = scratch_[slot];
    const size_t productionSize = count + kWide;
    const size_t needed = productionSize + normalBlock(count) + kWide;
    if (scratch.size() < needed) scratch.resize(needed);
    float* production = scratch.data();
    float* normals = production + productionSize;
    computeProduction(production, path, local, global, factor, steps);
    fillNormals(normals, count, (uint32_t)gene, batch_.keys + 2 * (size_t)system);
    tasks_.push_back({path, production, normals, batch_.decays[global], steps});
  }

  // Fills `production` [S, B] and the first row of `path`: the steady state implied by the parents' means.
  void computeProduction(float* production, float* path, int local, size_t global, float factor, int steps) {
    const Settings& s = batch_.settings;
    const size_t count = (size_t)steps * s.cellTypes;
    const int32_t begin = batch_.offsets[global], end = batch_.offsets[global + 1];
    if (begin == end) {
      const float* rates = batch_.basalRates + global * s.cellTypes;
      for (int type = 0; type < s.cellTypes; type++) {
        production[type] = rates[type] * factor;
        path[type] = production[type] / batch_.decays[global];
      }
      for (size_t i = s.cellTypes; i < count; i++) production[i] = production[i - s.cellTypes];
      return;
    }
    std::fill(production, production + count, 0.0f);
    std::fill(path, path + s.cellTypes, 0.0f);
    for (int32_t edge = begin; edge < end; edge++) {
      const size_t parent = row(local, batch_.parents[edge]);
      addProduction(production, trajectories_.data() + parent * stride_, count, batch_.strengths[edge]);
      addProduction(path, &typeMeans_[parent * s.cellTypes], s.cellTypes, batch_.strengths[edge]);
    }
    if (factor != 1.0f)
      for (size_t i = 0; i < count; i++) production[i] *= factor;
    for (int type = 0; type < s.cellTypes; type++) path[type] *= factor / batch_.decays[global];
  }

  // Writes the gene's column of the cells; trajectory and means per cell type then become the responses to the gene.
  void takeSnapshots(const Member& member) {
    const Settings& s = batch_.settings;
    float* path = trajectory(member.local, member.gene);
    const int32_t* steps = snapshots_.data() + member.local * cellCount();
    float* cells = batch_.cells + member.system * cellCount() * s.genes + member.gene;
    const size_t gene = row(member.local, member.gene);
    double total = 0;
    for (int type = 0; type < s.cellTypes; type++) {
      double sum = 0;
      for (int n = 0; n < s.cellsPerType; n++) {
        const size_t cell = (size_t)type * s.cellsPerType + n;
        const float value = path[(size_t)steps[cell] * s.cellTypes + type];
        cells[cell * s.genes] = value;
        sum += value;
      }
      typeMeans_[gene * s.cellTypes + type] = (float)(sum / s.cellsPerType);
      total += sum / s.cellsPerType;
    }
    const float halfResponse = (float)(total / s.cellTypes);
    respond(path, (size_t)(steps_[member.local] + 1) * s.cellTypes, halfResponse, s.hill);
    respond(&typeMeans_[gene * s.cellTypes], s.cellTypes, halfResponse, s.hill);
  }

  const Batch& batch_;
  std::vector<float> trajectories_, typeMeans_;
  std::vector<std::vector<float>> scratch_;
  std::vector<int32_t> steps_, snapshots_;
  std::vector<GeneTask> tasks_;
  std::vector<Member> members_;
  size_t stride_ = 0;
  int deepest_ = 0;
};

int systemsPerGroup(const Settings& s) {
  const size_t perSystem = (size_t)s.genes * s.cellTypes * ((size_t)s.stepsPerCell * s.cellsPerType + 1);
  return (int)std::max<size_t>(1, std::min<size_t>(16, kCacheFloats / perSystem));
}

}  // namespace

// dims: systems, genes, cell types, cells per type, steps per cell, safety steps per level, threads.
// constants: time step, Hill coefficient, noise amplitude. The other arrays are those of `Batch`.
// Returns 0, or 1 if memory ran out.
CAUSAL_PILOT_EXPORT int cp_sergio_simulate(const int32_t* dims, const float* constants, const int32_t* levels,
                                                     const int32_t* offsets, const int32_t* parents,
                                                     const float* strengths, const float* basalRates,
                                                     const float* decays, const float* factors, const uint32_t* keys,
                                                     float* cells) {
  const Settings settings = {dims[0], dims[1], dims[2],      dims[3],      dims[4],
                             dims[5], constants[0], constants[1], constants[2]};
  const Batch batch = {settings, levels, offsets, parents, strengths, basalRates, decays, factors, keys, cells};
  const int group = systemsPerGroup(settings);
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
  for (int t = 1; t < std::min(dims[6], groups); t++) helpers.emplace_back(work);
  work();
  for (std::thread& helper : helpers) helper.join();
  return failed ? 1 : 0;
}

// Threefry-2x32-20 of one counter, for comparison with the reference: words holds key 0, key 1, counter 0, counter 1;
// the last two are replaced by the result.
CAUSAL_PILOT_EXPORT void cp_threefry(uint32_t* words) { threefry(words[0], words[1], words[2], words[3]); }
