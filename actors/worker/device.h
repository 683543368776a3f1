#pragma once

#include <functional>

#include "actors/messages.h"

namespace unmask::actors {

/// One device with its weights, its KV pages and its place in a group. The real one is a thread
/// (DeviceThread); in a simulation all devices of a group are one forward.
///
/// Calls return at once and are carried out in order; each but inspect() answers once
/// through its callback, from any thread. After abort(epoch) everything of that epoch answers with
/// an error.
class Device {
 public:
  virtual ~Device() = default;

  /// First half of a rendezvous: leaves any older group, answers with this rank's address.
  virtual void prepare(FormGroup group, std::function<void(Result<Bytes>)> done) = 0;

  /// Second half: connects to the other ranks and runs one real collective.
  virtual void connect(Epoch epoch, std::vector<Bytes> addresses,
                       std::function<void(Result<>)> done) = 0;

  /// A step with a burst answers once per forward; the last answer does not go on, or is an error.
  virtual void run(Step step, std::function<void(Result<StepResult>)> done) = 0;
  /// The burst that begins with this step goes no further than all ranks must.
  virtual void end_burst(std::uint64_t seq) = 0;

  /// Calls `rows` for every piece of the answer, and after each waits for inspect_more(), so that
  /// one at a time is on its way, however large the answer is. The last one has is_last, perhaps
  /// with an error, and nothing waits for it.
  virtual void inspect(Inspect request, std::function<void(Inspected)> rows) = 0;
  /// The piece was taken.
  virtual void inspect_more() = 0;

  virtual void abort(Epoch epoch) = 0;
};

}  // namespace unmask::actors
