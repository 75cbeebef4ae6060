#include "thread-pool.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace {

class Pool {
 public:
  int count() const { return workers_; }

  void resize(int workers) {
    while (taken_.exchange(true, std::memory_order_acquire)) std::this_thread::yield();
    stop();
    workers_ = workers;
    const uint64_t generation = generation_.load();
    for (int i = 1; i < workers; i++) threads_.emplace_back([this, generation] { loop(generation); });
    taken_.store(false, std::memory_order_release);
  }

  void run(int64_t tasks, TaskFunction function, void* context) {
    if (tasks <= 0) return;
    // Two JavaScript threads may call at once, or a task may ask for tasks of its own; whoever finds the pool taken does
    // its own work alone.
    if (tasks == 1 || workers_ == 1 || taken_.exchange(true, std::memory_order_acquire)) {
      for (int64_t task = 0; task < tasks; task++) function(context, task);
      return;
    }
    {
      std::lock_guard<std::mutex> lock(mutex_);
      function_ = function;
      context_ = context;
      tasks_ = tasks;
      next_.store(0, std::memory_order_relaxed);
      busy_.store(workers_ - 1, std::memory_order_relaxed);
      generation_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    drain();
    for (int spin = 0; busy_.load(std::memory_order_acquire) != 0; spin++) {
      if (spin > SPINS) std::this_thread::yield();
    }
    taken_.store(false, std::memory_order_release);
  }

  ~Pool() { stop(); }

 private:
  // About 30 microseconds: longer than the pause between kernels of a step, shorter than anybody else would notice.
  static constexpr int SPINS = 500;

  void drain() {
    for (;;) {
      const int64_t task = next_.fetch_add(1, std::memory_order_relaxed);
      if (task >= tasks_) return;
      function_(context_, task);
    }
  }

  // `seen` is the last generation of tasks from before the thread was made.
  void loop(uint64_t seen) {
    for (;;) {
      for (int spin = 0; spin < SPINS && generation_.load(std::memory_order_acquire) == seen; spin++) {
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
      }
      {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, [&] { return stopping_ || generation_.load(std::memory_order_relaxed) != seen; });
        if (stopping_) return;
        seen = generation_.load(std::memory_order_relaxed);
      }
      drain();
      busy_.fetch_sub(1, std::memory_order_release);
    }
  }

  void stop() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
    stopping_ = false;
  }

  std::mutex mutex_;
  std::atomic<bool> taken_{false};
  std::condition_variable wake_;
  std::vector<std::thread> threads_;
  std::atomic<int64_t> next_{0};
  std::atomic<int> busy_{0};
  std::atomic<uint64_t> generation_{0};
  TaskFunction function_ = nullptr;
  void* context_ = nullptr;
  int64_t tasks_ = 0;
  int workers_ = 1;
  bool stopping_ = false;
};

// Never destroyed: the process may end while a thread still sleeps in it.
Pool& pool() {
  static Pool* instance = new Pool;
  return *instance;
}

}  // namespace

int threadCount() { return pool().count(); }

void runTasks(int64_t tasks, TaskFunction function, void* context) { pool().run(tasks, function, context); }

extern "C" {
void cp_set_threads(int count) {
  if (count != pool().count()) pool().resize(count < 1 ? 1 : count);
}
int cp_threads() { return pool().count(); }
}
