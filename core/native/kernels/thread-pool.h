// Persistent threads that share out numbered tasks. Which thread runs a task is left open, so a kernel whose sums depend
// on the order of additions gives each task its own accumulator and adds those up in order afterwards.
#pragma once
#include <cstdint>

typedef void (*TaskFunction)(void* context, int64_t task);

int threadCount();
void runTasks(int64_t tasks, TaskFunction function, void* context);

// Calls body(task) for every task.
template <class Body>
void parallelFor(int64_t tasks, Body body) {
  runTasks(
      tasks, [](void* context, int64_t task) { (*static_cast<Body*>(context))(task); }, &body);
}

// Splits [0, count) into chunks of about `grain` and calls body(begin, end).
template <class Body>
void parallelRange(int64_t count, int64_t grain, Body&& body) {
  if (count <= grain || threadCount() == 1) {
    if (count > 0) body(int64_t{0}, count);
    return;
  }
  const int64_t most = int64_t{4} * threadCount();
  int64_t chunks = (count + grain - 1) / grain;
  if (chunks > most) chunks = most;
  parallelFor(chunks, [&](int64_t chunk) { body(count * chunk / chunks, count * (chunk + 1) / chunks); });
}
