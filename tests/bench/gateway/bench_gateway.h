#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <thread>

#include "runtime/base/result.h"
#include "runtime/os/host_port.h"
#include "tests/bench/gateway/scripted_coordinator.h"

namespace unmask::bench {

/// The gateway of `unmask up` on a thread of this process, with both its doors, in front of a
/// scripted coordinator.
class BenchGateway {
 public:
  /// model: whose tokenizer it has.
  ///
  /// Errors  the model's; an address that cannot be had
  static Result<std::unique_ptr<BenchGateway>> start(const std::filesystem::path& model);
  ~BenchGateway();
  BenchGateway(const BenchGateway&) = delete;
  BenchGateway& operator=(const BenchGateway&) = delete;

  [[nodiscard]] const HostPort& http() const { return http_; }
  [[nodiscard]] const HostPort& zmq() const { return zmq_; }

  /// For the jobs from here on.
  void set_script(const BlockScript& script);
  /// Valid until the next script, once its jobs have ended.
  [[nodiscard]] const ScriptedCoordinator& coordinator() const { return *coordinator_; }
  /// Processor time of the gateway's thread so far.
  [[nodiscard]] double thread_seconds() const;

 private:
  BenchGateway() = default;
  void run(const std::filesystem::path& model, std::function<void(Result<>)> started);
  template <typename Action>
  void on_thread(Action action);

  HostPort http_, zmq_;
  ScriptedCoordinator* coordinator_ = nullptr;
  pid_t thread_id_ = 0;
  std::function<void(std::function<void()>)> post_;
  std::function<void()> end_;
  std::thread thread_;
};

}  // namespace unmask::bench
