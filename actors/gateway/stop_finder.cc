#include "actors/gateway/stop_finder.h"

#include <algorithm>
#include <utility>

namespace unmask::actors {
namespace {

/// Length of the longest end of `text` that is the start of `stop`, but not all of it.
std::size_t longest_start(std::string_view text, std::string_view stop) {
  std::size_t length = std::min(text.size(), stop.size() - 1);
  while (length > 0 && !text.ends_with(stop.substr(0, length))) --length;
  return length;
}

}  // namespace

std::string StopFinder::append(std::string_view text) {
  if (has_stopped_) return {};
  held_ += text;
  std::size_t cut = std::string::npos;
  for (const std::string& stop : stop_) cut = std::min(cut, held_.find(stop));
  if (cut != std::string::npos) {
    has_stopped_ = true;
    held_.resize(cut);
    return std::exchange(held_, {});
  }
  std::size_t keep = 0;
  for (const std::string& stop : stop_) keep = std::max(keep, longest_start(held_, stop));
  std::string ready = held_.substr(0, held_.size() - keep);
  held_.erase(0, held_.size() - keep);
  return ready;
}

std::string StopFinder::finish() { return std::exchange(held_, {}); }

}  // namespace unmask::actors
