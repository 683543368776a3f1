#include "tests/simulation/simulated_cluster.h"

#include <algorithm>
#include <utility>

#include "actors/role/coordinator_role.h"
#include "actors/role/gateway_role.h"
#include "actors/role/worker_role.h"
#include "runtime/base/check.h"
#include "tests/simulation/bare_client.h"
#include "tests/simulation/library_client.h"

namespace unmask::simulation {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPatience = std::chrono::minutes(10);  // after it a job is stuck
constexpr Duration kQuiet = 30s;  // for acknowledgements, restarts and news of deaths

}  // namespace

SimulatedCluster::SimulatedCluster(const Scenario& scenario, const actors::JobModel& model,
                                   GroupDevices::MakeForward make_forward, Sabotage sabotage)
    : scenario_(scenario),
      model_(model),
      sabotage_(std::move(sabotage)),
      simulation_(scenario.seed, scenario.network),
      devices_(simulation_, {.forward = scenario.forward}, std::move(make_forward)) {
  simulation_.set_on_exit([this](Address address, const std::string& /*why*/) {
    note_end(address);
    restart_later(address, 200ms);  // as the launcher of a real cluster does
  });
  start_coordinator();
  start_gateway();
  for (int i = 0; i < scenario.num_workers(); ++i) start_worker(i);
  for (int i = 0; i < Scenario::kNumClients; ++i) {
    clients_.push_back(make_client(i));
  }
  for (const JobPlan& job : scenario.jobs) {
    SimulatedClient& client = *clients_[std::size_t(job.client)];
    simulation_.after(job.arrival, [this, &client, &job] {
      ++num_arrived_;
      client.submit(job);
    });
    if (job.cancel) {
      simulation_.after(job.arrival + *job.cancel, [&client, &job] { client.cancel(job.id); });
    }
  }
  for (const Fault& fault : scenario.faults) {
    simulation_.after(fault.at, [this, &fault] { inject(fault); });
  }
}

/// One of each kind, and then again.
std::unique_ptr<SimulatedClient> SimulatedCluster::make_client(int index) {
  const Address address = kFirstClient + index;
  if (index % 2 == 0) {
    return std::make_unique<LibraryClient>(simulation_, address, kGateway, history_);
  }
  return std::make_unique<BareClient>(simulation_, address, kGateway, history_);
}

SimulatedCluster::~SimulatedCluster() {
  // Devices and clients end before what they refer to.
  for (int i = 0; i < scenario_.num_workers(); ++i) simulation_.kill(kFirstWorker + i);
  for (int i = 0; i < Scenario::kNumClients; ++i) simulation_.network().kill(kFirstClient + i);
}

// ---- Processes ----

void SimulatedCluster::start_coordinator() {
  SimulatedProcess& process = simulation_.start(kCoordinator);
  SimulatedWire& wire = wire_of(process, kCoordinator);
  const ActorRef<actors::Outgoing> outgoing(
      [sent = sabotage_.sent, send = wire.outgoing()](actors::Outgoing message) {
        if (!sent) return send.send(std::move(message));
        bool is_sent = true;
        for (actors::Outgoing& instead : sent(std::move(message))) {
          is_sent = send.send(std::move(instead)) && is_sent;
        }
        return is_sent;
      });
  // Gateways are cut off as well, when they do not read.
  const auto workers = std::make_shared<std::set<PeerId>>();
  const ActorRef<actors::Disconnect> shoot(
      [this, workers, disconnect = wire.disconnect()](actors::Disconnect who) {
        if (workers->contains(who.peer)) history_.deaths.push_back(simulation_.clock().now());
        return disconnect.send(who);
      });
  actors::CoordinatorRole::Options options;
  options.coordinator.model = model_;
  options.coordinator.max_running = scenario_.max_running;
  options.coordinator.burst = scenario_.burst;
  options.coordinator.step_timeout = 20s;
  options.membership.num_replicas = scenario_.num_replicas;
  options.membership.group_size = scenario_.group_size;
  options.membership.self.process.slot.role = actors::Role::kCoordinator;
  auto& role = process.keep(std::make_shared<actors::CoordinatorRole>(
      process.system(), process.env(), std::move(options),
      actors::CoordinatorRole::Wiring{
          outgoing,
          shoot,
          ActorRef<actors::Inspected>([](const actors::Inspected&) { return true; }),
          {}}));
  wire.receive(role.dispatch(),
               [workers, change = sabotage_.received](PeerId from, actors::WireMessage& message) {
                 const auto* join = std::get_if<actors::Join>(&message);
                 if (join != nullptr && join->process.slot.role == actors::Role::kWorker)
                   workers->insert(from);
                 return !change || change(from, message);
               });
  wire.on_peer({}, [&role](PeerId peer) { return role.peer_down(peer); });
}

void SimulatedCluster::start_gateway() {
  SimulatedProcess& process = simulation_.start(kGateway);
  SimulatedWire& clients = wire_of(process, kGateway);
  SimulatedWire& uplink = wire_of(process, kUplink);
  auto& text = process.keep(std::make_shared<actors::NumberText>());
  actors::GatewayRole::Options options;
  options.member.process.slot.role = actors::Role::kGateway;
  options.member.incarnation = ++lives_[kGateway];
  auto& role = process.keep(std::make_shared<actors::GatewayRole>(
      process.system(), process.env(), std::move(options), text,
      actors::GatewayRole::Wiring{clients.outgoing(), clients.disconnect(), uplink.outgoing()},
      [this](const Error& why) { simulation_.exit(kGateway, why.message); }));
  clients.receive(role.client_dispatch());
  clients.on_peer({}, [&role](PeerId peer) { return role.client_down(peer); });
  uplink.receive(role.coordinator_dispatch());
  uplink.on_peer([&role](PeerId peer) { return role.coordinator_up(peer); },
                 [&role](PeerId peer) { return role.coordinator_down(peer); });
  simulation_.network().dial(kUplink, kCoordinator);
}

void SimulatedCluster::start_worker(int index) {
  const Address address = kFirstWorker + index;
  SimulatedProcess& process = simulation_.start(address);
  orphans_.erase(address);
  SimulatedWire& wire = wire_of(process, address);
  auto& device = process.keep(std::shared_ptr<actors::Device>(devices_.make_device(address)));
  actors::Member::Options options;
  options.process.slot = {actors::Role::kWorker, index / scenario_.group_size,
                          index % scenario_.group_size};
  options.incarnation = ++lives_[address];
  auto& role = process.keep(std::make_shared<actors::WorkerRole>(
      process.system(), process.env(), std::move(options), device, wire.outgoing(),
      [this, address](const Error& why) { simulation_.exit(address, why.message); }));
  UNMASK_CHECK(role.loaded().send({1, "exact, f32", "hash", scenario_.capacity}));
  wire.receive(role.dispatch());
  wire.on_peer([&role](PeerId peer) { return role.coordinator_up(peer); },
               [&role](PeerId peer) { return role.coordinator_down(peer); });
  simulation_.network().dial(address, kCoordinator);
}

SimulatedWire& SimulatedCluster::wire_of(SimulatedProcess& process, Address address) {
  auto& wire = process.keep(
      std::make_shared<SimulatedWire>(simulation_, process, address, history_.unexpected));
  wires_[address] = &wire;
  return wire;
}

void SimulatedCluster::start(Address address) {
  if (simulation_.is_running(address)) return;
  if (address == kCoordinator) return start_coordinator();
  if (address == kGateway) return start_gateway();
  start_worker(address - kFirstWorker);
}

void SimulatedCluster::restart_later(Address address, Duration delay) {
  if (address == kGateway) simulation_.network().kill(kUplink);
  simulation_.after(delay, [this, address] { start(address); });
}

// ---- Faults ----

void SimulatedCluster::note_end(Address address) {
  const Time now = simulation_.clock().now();
  if (address == kGateway) return history_.gateway_ends.push_back(now);
  if (address != kCoordinator) {
    if (!orphans_.contains(address)) history_.worker_ends.push_back(now);
    return;
  }
  history_.coordinator_ends.push_back(now);
  for (int i = 0; i < scenario_.num_workers(); ++i) {
    if (simulation_.is_running(kFirstWorker + i)) orphans_.insert(kFirstWorker + i);
  }
}

void SimulatedCluster::inject(const Fault& fault) {
  SimulatedNetwork& network = simulation_.network();
  const Address worker = kFirstWorker + fault.target;
  const auto restart = [&](Address address) {
    if (simulation_.is_running(address)) note_end(address);
    simulation_.kill(address);
    restart_later(address, fault.duration);
  };
  switch (fault.kind) {
    case Fault::Kind::kCutClient:
      return network.cut(kFirstClient + fault.target, kGateway);
    case Fault::Kind::kCutGateway:
      return network.cut(kUplink, kCoordinator);
    case Fault::Kind::kRestartGateway:
      return restart(kGateway);
    case Fault::Kind::kRestartCoordinator:
      return restart(kCoordinator);
    case Fault::Kind::kPartition:
      network.partition({worker});
      return simulation_.after(fault.duration, [this] { simulation_.network().heal(); });
    case Fault::Kind::kCutWorker:
      return network.cut(worker, kCoordinator);
    case Fault::Kind::kKillWorker:
      return restart(worker);
    case Fault::Kind::kStallDevice:
      return devices_.stall(worker, fault.duration);
  }
}

// ---- A run ----

History SimulatedCluster::run() {
  simulation_.run_until([this] { return is_done(); }, kPatience);
  simulation_.run_for(kQuiet);
  take_stock();
  return history_;
}

bool SimulatedCluster::is_done() const {
  return num_arrived_ == Scenario::kNumJobs &&
         std::ranges::all_of(clients_, [](const auto& client) { return client->is_done(); });
}

void SimulatedCluster::take_stock() {
  for (const auto& client : clients_) {
    for (std::string& fault : client->faults()) history_.unexpected.push_back(std::move(fault));
  }
  history_.devices = devices_.figures();
  history_.leaked_sequences = devices_.num_leaked_sequences();
  history_.open_links =
      int(wires_.at(kCoordinator)->links().num_peers() + wires_.at(kGateway)->links().num_peers() +
          wires_.at(kUplink)->links().num_peers());
  history_.expected_links = scenario_.num_workers() + 1 + Scenario::kNumClients + 1;
  RecordedMetrics& metrics = simulation_.process(kCoordinator).metrics();
  history_.pages_used = metrics.value("unmask_kv_pages", {{"state", "used"}});
  history_.jobs_held = metrics.value("unmask_jobs_waiting") + metrics.value("unmask_jobs_running");
  for (const auto& [address, wire] : wires_) {
    if (address == kUplink) continue;
    for (const char* reason : {"full", "closed", "crashed", "timers"}) {
      history_.dead_letters += simulation_.process(address).metrics().value(
          "unmask_dead_letters_total", {{"reason", reason}});
    }
  }
  history_.trace = simulation_.trace();
  history_.events = simulation_.num_events();
}

}  // namespace unmask::simulation
