#include "model/network/recordings.h"

#include <algorithm>
#include <utility>

#include "kernels/device_error.h"

namespace unmask::network {

Result<> Recordings::run(const Key& key, bool must_record,
                         const std::function<Result<>()>& enqueue) {
  if (!backend_.can_record() || !failure_.empty()) return enqueue();
  const auto [at, is_new] = kept_.try_emplace(key);
  Kept& kept = at->second;
  kept.last_use = ++num_uses_;
  if (is_new) {
    make_room();
    return enqueue();
  }
  if (!kept.recording) {
    Result<> enqueued;
    auto recording = backend_.record([&] { return enqueued = enqueue(); });
    if (!enqueued) return enqueued;
    if (!recording) {
      failure_ = recording.error().message;
      if (must_record) {
        throw kernels::DeviceError(
            "a forward cannot be recorded as a graph, as the other ranks do (" + failure_ +
            "): start all with --set compute.graphs=false");
      }
      kept_.clear();
      return enqueue();
    }
    kept.recording = std::move(*recording);
  }
  backend_.replay(*kept.recording);
  ++num_replays_;
  return {};
}

std::size_t Recordings::num_kept() const {
  return std::size_t(std::ranges::count_if(
      kept_, [](const auto& entry) { return entry.second.recording != nullptr; }));
}

void Recordings::make_room() {
  if (kept_.size() <= kMaxKept) return;
  kept_.erase(
      std::ranges::min_element(kept_, {}, [](const auto& entry) { return entry.second.last_use; }));
}

}  // namespace unmask::network
