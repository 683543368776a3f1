#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rpc/links.h"
#include "runtime/simulation/simulation.h"
#include "tests/simulation/history.h"
#include "tests/simulation/simulated_client.h"

namespace unmask::simulation {

/// A client without the library, which would hide what a gateway sends twice: it sends its jobs
/// again over every new connection from the last block it has, and takes whatever comes.
class BareClient final : public SimulatedClient {
 public:
  BareClient(Simulation& simulation, Address address, Address gateway, History& history);

  void submit(const JobPlan& job) override;
  void cancel(const JobId& job) override;
  [[nodiscard]] bool is_done() const override;
  [[nodiscard]] std::vector<std::string> faults() const override { return faults_; }

 private:
  struct Job {
    const JobPlan* plan = nullptr;
    bool wants_cancel = false;
    bool waits = false;  ///< to be tried again: nobody else knows it
    bool is_over = false;
  };

  bool take(actors::WireMessage message);
  void send(Job& job);
  void try_again(const JobId& job);

  Simulation& simulation_;
  History& history_;
  std::map<JobId, Job> jobs_;
  std::vector<std::string> faults_;
  std::optional<PeerId> gateway_;
  rpc::Links links_;
};

}  // namespace unmask::simulation
