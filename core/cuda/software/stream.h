// Streams of the software device: work is done when it is asked for, or recorded while a stream captures.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "grid.h"
#include "results.h"

namespace software {

using Work = std::function<Result()>;

struct Graph {
  std::vector<Work> work;
};

struct Stream {
  std::unique_ptr<Graph> captured;  // while capturing
  bool invalidated = false;         // a forbidden call came in between
};

// Does the work, or records it when the stream (null: the default one) captures.
Result submit(Stream* stream, Work work);

// Work of a launch; arguments are copied.
Result prepareLaunch(const Launch& launch, void** arguments, Work* work);

// What went wrong in the last failed launch.
const std::string& lastComplaint();

}  // namespace software
