#pragma once

#include <map>

#include "rpc/client/client.h"
#include "runtime/simulation/simulation.h"
#include "tests/simulation/history.h"
#include "tests/simulation/simulated_client.h"

namespace unmask::simulation {

/// A program that uses the C++ library, as it is.
class LibraryClient final : public SimulatedClient {
 public:
  LibraryClient(Simulation& simulation, Address address, Address gateway, History& history);

  void submit(const JobPlan& job) override;
  void cancel(const JobId& job) override;
  [[nodiscard]] bool is_done() const override;
  [[nodiscard]] std::vector<std::string> faults() const override;

 private:
  struct Job {
    const JobPlan* plan = nullptr;
    bool wants_cancel = false;
    bool waits = false;  ///< to be tried again: nobody else knows it
    bool is_over = false;
  };

  void ask_for(const JobId& job);
  void end(const JobId& job, const Result<actors::Finished>& end);

  Simulation& simulation_;
  History& history_;
  std::map<JobId, Job> jobs_;
  rpc::Client client_;
};

}  // namespace unmask::simulation
