#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "kernels/backend.h"
#include "model/network/batch_shape.h"
#include "runtime/base/result.h"

namespace unmask::network {

/// What a device recorded of forwards, so that the host enqueues each as one piece of work.
///
/// A forward of a new kind is enqueued as it is, which loads what is loaded lazily; the next one is
/// recorded, and all later ones are replays. Used by one thread.
class Recordings {
 public:
  /// Forwards of one kind are the same work on the same addresses.
  struct Key {
    BatchShape room;
    bool has_present = false;
    bool has_mixed = false;
    bool has_guidance = false;
    bool draws = false;

    friend auto operator<=>(const Key&, const Key&) = default;
  };

  static constexpr std::size_t kMaxKept = 32;  ///< the one that was not used for longest goes

  explicit Recordings(kernels::Backend& backend) : backend_(backend) {}

  /// Has the forward done that `enqueue` enqueues. must_record: other ranks have recorded it, and
  /// this one may not do otherwise.
  ///
  /// Errors  those of `enqueue`
  /// Throws  kernels::DeviceError if it cannot be recorded and must be
  Result<> run(const Key& key, bool must_record, const std::function<Result<>()>& enqueue);

  /// Forgets all, because addresses or the group have changed.
  void clear() { kept_.clear(); }

  [[nodiscard]] std::size_t num_kept() const;
  [[nodiscard]] std::uint64_t num_replays() const { return num_replays_; }
  /// Why nothing is recorded any more; empty: everything is.
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  struct Kept {
    std::unique_ptr<kernels::Recording> recording;  ///< null: seen once
    std::uint64_t last_use = 0;
  };

  void make_room();

  kernels::Backend& backend_;
  std::map<Key, Kept> kept_;
  std::uint64_t num_uses_ = 0;
  std::uint64_t num_replays_ = 0;
  std::string failure_;
};

}  // namespace unmask::network
