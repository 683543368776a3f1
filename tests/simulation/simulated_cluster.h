#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "actors/coordinator/running_job.h"
#include "runtime/simulation/simulation.h"
#include "tests/simulation/group_device.h"
#include "tests/simulation/history.h"
#include "tests/simulation/sabotage.h"
#include "tests/simulation/scenario.h"
#include "tests/simulation/simulated_client.h"
#include "tests/simulation/simulated_wire.h"
#include "tests/unit/actors/number_text.h"

namespace unmask::simulation {

/// Gateway, coordinator, workers and clients of a scenario, each a process of a simulation.
///
/// Roles, codecs, links and the library of two clients in three are those of real clusters;
/// network, devices and text are not.
class SimulatedCluster {
 public:
  SimulatedCluster(const Scenario& scenario, const actors::JobModel& model,
                   GroupDevices::MakeForward make_forward, Sabotage sabotage = {});
  ~SimulatedCluster();

  /// Runs until every job has ended and all is quiet, or until nobody would wait any longer.
  [[nodiscard]] History run();

 private:
  static constexpr Address kCoordinator = 0, kGateway = 1, kUplink = 2, kFirstWorker = 10,
                           kFirstClient = 50;

  [[nodiscard]] std::unique_ptr<SimulatedClient> make_client(int index);
  void start_coordinator();
  void start_gateway();
  void start_worker(int index);
  SimulatedWire& wire_of(SimulatedProcess& process, Address address);
  void restart_later(Address address, Duration delay);
  void start(Address address);
  void inject(const Fault& fault);
  void note_end(Address address);
  [[nodiscard]] bool is_done() const;
  void take_stock();

  const Scenario& scenario_;
  const actors::JobModel model_;
  const Sabotage sabotage_;
  History history_;
  Simulation simulation_;
  GroupDevices devices_;
  std::map<Address, Incarnation> lives_;
  std::map<Address, SimulatedWire*> wires_;  // of the present lives
  std::set<Address> orphans_;                // workers whose coordinator was killed
  std::vector<std::unique_ptr<SimulatedClient>> clients_;
  int num_arrived_ = 0;
};

}  // namespace unmask::simulation
