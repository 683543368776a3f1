#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "actors/worker/device.h"
#include "kernels/device_error.h"
#include "model/collective.h"
#include "model/network/engine.h"
#include "runtime/actor/env.h"
#include "runtime/os/work_thread.h"

namespace unmask::actors {

/// A device and its thread: everything that blocks, the forwards and the collectives, happens
/// there.
class DeviceThread final : public Device {
 public:
  /// Of a device that failed: ends the process, and does not return. On the device's thread.
  using Lost = std::function<void(const kernels::DeviceError&)>;
  using MakeEngine = std::function<Result<std::unique_ptr<network::Engine>>()>;

  static constexpr std::size_t kMaxPieceBytes = 1 << 20;

  /// factory: outlives this object. form_timeout: for the second half of a rendezvous.
  /// max_piece_bytes: of the rows in one Inspected, if one row is not longer.
  DeviceThread(Env env, CollectiveFactory& factory, std::chrono::milliseconds form_timeout,
               Lost lost, std::size_t max_piece_bytes = kMaxPieceBytes);
  ~DeviceThread() override;

  /// Makes the engine, on the device's thread; first, and once. `done` gets it to look at.
  void load(MakeEngine make_engine, std::function<void(Result<const network::Engine*>)> done);

  void prepare(FormGroup group, std::function<void(Result<Bytes>)> done) override;
  void connect(Epoch epoch, std::vector<Bytes> addresses,
               std::function<void(Result<>)> done) override;
  void run(Step step, std::function<void(Result<StepResult>)> done) override;
  void end_burst(std::uint64_t seq) override { ended_burst_ = seq; }
  void inspect(Inspect request, std::function<void(Inspected)> rows) override;
  void inspect_more() override;
  void abort(Epoch epoch) override;

  /// For the end of the process. False if a forward, or a load, is still at it after `patience`.
  [[nodiscard]] bool stop_within(std::chrono::milliseconds patience);

 private:
  using TakeRows = std::function<void(Inspected)>;

  /// Does `work` on the thread. False, and it is not done, if too much waits there.
  template <typename Work>
  [[nodiscard]] bool post(Work work);
  /// The same, and passes on its result, or an error.
  template <typename Answer, typename Work>
  void answer(const std::function<void(Answer)>& done, Work work);
  void tell_state();
  [[nodiscard]] Result<StepResult> run_steps(Step step,
                                             const std::function<void(Result<StepResult>)>& done);
  [[nodiscard]] Result<bool> all_go_on(bool mine);
  [[nodiscard]] Result<> join(Epoch epoch, const std::vector<Bytes>& addresses);
  void give_rows(const Inspect& request, const network::TensorRows& rows, const TakeRows& take);
  void give_piece(Epoch epoch, Inspected piece, const TakeRows& take);
  [[nodiscard]] bool is_over(Epoch epoch) const { return epoch <= aborted_; }

  const Env env_;
  Gauge& pages_used_;
  Gauge& pages_free_;
  Gauge& recorded_;
  Counter& replays_;
  std::uint64_t told_replays_ = 0;
  CollectiveFactory& factory_;
  const std::chrono::milliseconds form_timeout_;
  const Lost lost_;
  const std::size_t max_piece_bytes_;
  std::atomic<bool> is_piece_taken_ = false;    ///< or nobody will take it: the epoch is over
  std::atomic<Epoch> aborted_ = 0;              ///< this epoch and all before it are over
  std::atomic<std::uint64_t> ended_burst_ = 0;  ///< of this epoch: the latest that shall end
  std::atomic<std::shared_ptr<Collective>> collective_;
  std::unique_ptr<network::Engine> engine_;  // the thread's
  WorkThread thread_;
};

}  // namespace unmask::actors
