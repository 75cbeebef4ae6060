// Threads of a block as fibers. A fiber takes one thread after the other until one has to wait for others; only then is
// another fiber needed, so a kernel without barriers and shuffles is a plain loop. Fibers are made by makecontext once;
// later switches are _setjmp and _longjmp, which make no system calls.
#include "grid.h"

#include <algorithm>
#include <csetjmp>
#include <cstdlib>
#include <sys/mman.h>
#include <ucontext.h>

uint3 threadIdx, blockIdx, blockDim, gridDim;

namespace software {
namespace {

constexpr size_t STACK_BYTES = 256 * 1024, GUARD_BYTES = 4096;
// Tops of stacks lie at different places of their pages, or the frames of a warp would all fall into the same cache lines.
constexpr size_t STAGGER_STEPS = 32, STAGGER_BYTES = 576;
constexpr int MAX_THREADS = 1024, MAX_WARPS = MAX_THREADS / warpSize;
constexpr size_t MAX_SHARED_BYTES = 232448;

enum class State : char { ready, running, atWarp, atBlock, done };

struct Fiber {
  char* stack = nullptr;
  size_t stackBytes;
  bool started = false;
  int thread = -1;
  ucontext_t context;
  jmp_buf resume;
};

struct Thread {
  State state;
  int fiber, line;
  unsigned mask;     // of the exchange that it waits for
  unsigned counter;  // exchanges so far
};

struct Block {
  const Kernel* kernel;
  void* const* arguments;
  int threads, next;  // next thread without a fiber
  Thread thread[MAX_THREADS];
  unsigned arrived[MAX_WARPS];  // lanes that wait for an exchange
  alignas(16) char slots[MAX_WARPS][2][warpSize * LANE_BYTES];
};

Block block;
std::vector<Fiber*> fibers;
std::vector<int> freeFibers;
Fiber* current = nullptr;
jmp_buf scheduler;
ucontext_t abandoned;
std::string problem;
alignas(16) char shared[MAX_SHARED_BYTES];

void enterThread(int index) {
  threadIdx.x = index % blockDim.x;
  threadIdx.y = index / blockDim.x % blockDim.y;
  threadIdx.z = index / (blockDim.x * blockDim.y);
}

int currentIndex() { return threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z); }

// Where a fiber's life is spent: threads of the warp that the scheduler is at, until the scheduler wants something else.
void fiberMain() {
  for (;;) {
    Thread& own = block.thread[current->thread];
    block.kernel->invoke(block.arguments);
    own.state = State::done;
    const int following = block.next;
    if (following < block.threads && following % warpSize != 0) {
      block.next++;
      current->thread = following;
      block.thread[following].state = State::running;
      block.thread[following].fiber = own.fiber;
      enterThread(following);
      continue;
    }
    if (_setjmp(current->resume) == 0) _longjmp(scheduler, 1);
  }
}

int takeFiber() {
  if (freeFibers.empty()) {
    Fiber* fiber = new Fiber;
    void* stack = mmap(nullptr, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED) std::abort();
    mprotect(stack, GUARD_BYTES, PROT_NONE);
    fiber->stack = (char*)stack;
    fiber->stackBytes = STACK_BYTES - fibers.size() % STAGGER_STEPS * STAGGER_BYTES;
    fibers.push_back(fiber);
    freeFibers.push_back((int)fibers.size() - 1);
  }
  const int taken = freeFibers.back();
  freeFibers.pop_back();
  return taken;
}

// Runs the fiber until it waits or has nothing left to do.
void resume(int fiber, int thread) {
  current = fibers[fiber];
  current->thread = thread;
  block.thread[thread].state = State::running;
  enterThread(thread);
  if (_setjmp(scheduler) == 0) {
    if (current->started) _longjmp(current->resume, 1);
    current->started = true;
    getcontext(&current->context);
    current->context.uc_stack.ss_sp = current->stack;
    current->context.uc_stack.ss_size = current->stackBytes;
    current->context.uc_link = nullptr;
    makecontext(&current->context, fiberMain, 0);
    swapcontext(&abandoned, &current->context);
  }
  if (block.thread[current->thread].state == State::done) freeFibers.push_back(fiber);
}

void wait() {
  if (_setjmp(current->resume) == 0) _longjmp(scheduler, 1);
}

// Makes the lanes of an exchange ready if all wait for the same one.
bool releaseLanes(int first, int lanes, const Thread& last) {
  for (int i = first; i < first + lanes; i++) {
    const Thread& other = block.thread[i];
    if (last.mask >> (i - first) & 1 && (other.mask != last.mask || other.line != last.line)) return false;
  }
  for (int i = first; i < first + lanes; i++)
    if (last.mask >> (i - first) & 1) block.thread[i].state = State::ready;
  return true;
}

// Says which lane waits for others that cannot come.
void describeStandstill(int first, int end) {
  for (int i = first; i < end && problem.empty(); i++)
    if (block.thread[i].state == State::atWarp)
      problem = "lanes of a warp wait at line " + std::to_string(block.thread[i].line) +
                " for others that do not come (thread " + std::to_string(i) + ")";
}

// Runs the threads of a warp until each waits for the block or is done; false when that cannot be reached.
bool runWarp(int first, int end) {
  for (;;) {
    bool progress = false, waiting = false;
    for (int i = first; i < end && problem.empty(); i++) {
      const State state = block.thread[i].state;
      if (state == State::ready) {
        if (block.next == i) {
          block.next++;
          block.thread[i].fiber = takeFiber();
        }
        progress = true;
        resume(block.thread[i].fiber, i);
      }
      waiting = waiting || block.thread[i].state == State::atWarp;
    }
    if (!problem.empty()) return false;
    if (!waiting && !progress) return true;
    if (!progress) {
      describeStandstill(first, end);
      return false;
    }
  }
}

// Whether all threads are done; otherwise lets those at the barrier pass, if all are at the same one.
bool passBarrier() {
  int waiting = 0, line = 0, first = -1;
  for (int i = 0; i < block.threads; i++) {
    if (block.thread[i].state != State::atBlock) continue;
    if (waiting++ == 0) line = block.thread[first = i].line;
    else if (block.thread[i].line != line)
      problem = "threads of a block wait at different barriers (lines " + std::to_string(line) + " and " +
                std::to_string(block.thread[i].line) + ")";
  }
  if (waiting != 0 && waiting != block.threads)
    problem = "a barrier at line " + std::to_string(line) + " is not reached by all threads of the block (thread " +
              std::to_string(first) + " waits, " + std::to_string(block.threads - waiting) + " have ended)";
  if (!problem.empty() || waiting == 0) return true;
  for (int i = 0; i < block.threads; i++) block.thread[i].state = State::ready;
  return false;
}

void runBlock() {
  block.next = 0;
  for (int i = 0; i < block.threads; i++) block.thread[i] = {State::ready, -1, 0, 0, 0};
  std::fill_n(block.arrived, MAX_WARPS, 0u);
  do {
    for (int first = 0; first < block.threads; first += warpSize)
      if (!runWarp(first, std::min(first + warpSize, block.threads))) return;
  } while (!passBarrier());
}

void abandonFibers() {
  freeFibers.clear();
  for (size_t i = 0; i < fibers.size(); i++) {
    fibers[i]->started = false;
    freeFibers.push_back((int)i);
  }
}

}  // namespace

std::vector<Kernel>& kernels() {
  static std::vector<Kernel> all;
  return all;
}

char* sharedMemory() { return shared; }

const char* exchange(unsigned mask, const void* value, int size, int line) {
  const int index = currentIndex(), warp = index / warpSize, first = warp * warpSize, lane = index % warpSize;
  Thread& own = block.thread[index];
  char* slots = block.slots[warp][own.counter++ % 2];
  std::memcpy(slots + lane * LANE_BYTES, value, size);
  const int lanes = std::min(warpSize, block.threads - first);
  if (lanes < warpSize) mask &= (1u << lanes) - 1;
  own.state = State::atWarp;
  own.mask = mask;
  own.line = line;
  unsigned& arrived = block.arrived[warp];
  arrived |= 1u << lane;
  if ((arrived & mask) == mask && releaseLanes(first, lanes, own)) {
    arrived &= ~mask;
    own.state = State::running;
  } else wait();
  return slots;
}

void synchronise(int line) {
  Thread& own = block.thread[currentIndex()];
  own.state = State::atBlock;
  own.line = line;
  wait();
}

void trap() {
  problem = "a thread trapped";
  wait();
  std::abort();
}

bool runGrid(const Launch& launch, void* const* arguments, std::string& complaint) {
  problem.clear();
  block.kernel = launch.kernel;
  block.arguments = arguments;
  blockDim = launch.block;
  gridDim = launch.grid;
  block.threads = blockDim.x * blockDim.y * blockDim.z;
  for (blockIdx.z = 0; blockIdx.z < gridDim.z && problem.empty(); blockIdx.z++)
    for (blockIdx.y = 0; blockIdx.y < gridDim.y && problem.empty(); blockIdx.y++)
      for (blockIdx.x = 0; blockIdx.x < gridDim.x && problem.empty(); blockIdx.x++) {
        std::memset(shared, 0xff, launch.sharedBytes);
        runBlock();
      }
  if (problem.empty()) return true;
  abandonFibers();
  complaint = "kernel " + launch.kernel->name + ": " + problem;
  return false;
}

}  // namespace software
