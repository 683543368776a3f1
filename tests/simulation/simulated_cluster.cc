#include "tests/simulation/simulated_cluster.h"

#include <algorithm>
#include <utility>

#include "actors/coordinator.h"
#include "actors/gateway.h"
#include "actors/member.h"
#include "actors/membership.h"
#include "actors/worker.h"
#include "runtime/base/check.h"

namespace unmask::simulation {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPatience = std::chrono::minutes(10);  // after it a job is stuck
constexpr Duration kQuiet = 30s;  // for acknowledgements, restarts and news of deaths

/// Sends what must arrive: a full mailbox would be a bug of the scenario.
template <typename Message, typename A>
void tell(const ActorHandle<A>& actor, Message message) {
  UNMASK_CHECK(actor.template lasting_ref<Message>().send(std::move(message)));
}

}  // namespace

SimulatedCluster::SimulatedCluster(const Scenario& scenario, const JobModel& model,
                                   GroupDevices::MakeForward make_forward, Sabotage sabotage)
    : scenario_(scenario),
      model_(model),
      sabotage_(std::move(sabotage)),
      simulation_(scenario.seed, scenario.network),
      devices_(simulation_, {.forward = scenario.forward}, std::move(make_forward)) {
  simulation_.set_on_exit([this](Address address, const std::string& /*why*/) {
    restart_later(address, 200ms);  // as the launcher of a real cluster does
  });
  start_coordinator();
  start_gateway();
  for (int i = 0; i < scenario.num_workers(); ++i) start_worker(i);
  for (int i = 0; i < Scenario::kNumClients; ++i) {
    clients_.push_back(
        std::make_unique<SimulatedClient>(simulation_, kFirstClient + i, kGateway, history_));
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

SimulatedCluster::~SimulatedCluster() {
  // Devices and clients end before what they refer to.
  for (int i = 0; i < scenario_.num_workers(); ++i) simulation_.kill(kFirstWorker + i);
  for (int i = 0; i < Scenario::kNumClients; ++i) simulation_.network().kill(kFirstClient + i);
}

// ---- Processes ----

void SimulatedCluster::start_coordinator() {
  SimulatedProcess& process = simulation_.start(kCoordinator);
  auto& wire = process.keep(
      std::make_shared<SimulatedWire>(simulation_, process, kCoordinator, history_.unexpected));
  auto& store = process.keep(std::make_shared<MemoryJobStore>());
  wires_[kCoordinator] = &wire;

  const ActorRef<Outgoing> outgoing(
      [sent = sabotage_.sent, send = wire.outgoing()](Outgoing message) {
        if (!sent) return send.send(std::move(message));
        bool is_sent = true;
        for (Outgoing& instead : sent(std::move(message))) {
          is_sent = send.send(std::move(instead)) && is_sent;
        }
        return is_sent;
      });
  const ActorRef<Disconnect> shoot([this, disconnect = wire.disconnect()](Disconnect dead) {
    history_.deaths.push_back(simulation_.clock().now());
    return disconnect.send(dead);
  });
  struct Refs {
    std::optional<ActorHandle<Membership>> membership;
  };
  auto& refs = process.keep(std::make_shared<Refs>());
  Coordinator::Options options;
  options.model = model_;
  options.max_running = scenario_.max_running;
  options.step_timeout = 20s;
  const auto coordinator = process.system().spawn<Coordinator>(
      "coordinator", process.env(), options, std::ref<JobStore>(store),
      Coordinator::Peers{outgoing, ActorRef<ReplicaBroken>([&refs](ReplicaBroken broken) {
                           return refs.membership->ref<ReplicaBroken>().send(std::move(broken));
                         }),
                         ActorRef<Inspected>([](const Inspected&) { return true; }),
                         wire.disconnect()});
  Membership::Options membership;
  membership.num_replicas = scenario_.num_replicas;
  membership.group_size = scenario_.group_size;
  membership.self.role = Role::kCoordinator;
  refs.membership = process.system().spawn<Membership>(
      "membership", process.env(), membership,
      Membership::Peers{wire.outgoing(), shoot, coordinator.lasting_ref<ReplicaUp>(),
                        coordinator.lasting_ref<ReplicaDown>(),
                        coordinator.lasting_ref<MembersChanged>()});

  cli::Dispatch dispatch;
  dispatch.add<Admit, Cancel, StopJob, ListJobs, GetStatus, StepResult, Inspected>(coordinator);
  dispatch.add<Join, Loading, Heartbeat, GroupAddress, GroupReady, GroupFailed>(*refs.membership);
  wire.receive(std::move(dispatch), sabotage_.received);
  wire.on_peer([](PeerId) {},
               [coordinator, &refs](const PeerDown& down) {
                 tell(coordinator, down);
                 tell(*refs.membership, down);
               });
}

void SimulatedCluster::start_gateway() {
  SimulatedProcess& process = simulation_.start(kGateway);
  auto& clients = process.keep(
      std::make_shared<SimulatedWire>(simulation_, process, kGateway, history_.unexpected));
  auto& uplink = process.keep(
      std::make_shared<SimulatedWire>(simulation_, process, kUplink, history_.unexpected));
  auto& text = process.keep(std::make_shared<NumberText>());
  wires_[kGateway] = &clients;
  wires_[kUplink] = &uplink;

  const auto gateway = process.system().spawn<Gateway>(
      "gateway", process.env(), Gateway::Options{}, std::ref<TextService>(text), clients.outgoing(),
      clients.disconnect(), uplink.outgoing());
  Member::Options options;
  options.role = Role::kGateway;
  options.incarnation = ++lives_[kGateway];
  const auto member = process.system().spawn<Member>(
      "member", process.env(), options, uplink.outgoing(),
      Member::Leave([this](const Error& why) { simulation_.exit(kGateway, why.message); }));
  tell(member, Loaded{});

  cli::Dispatch from_clients, from_coordinator;
  from_clients.add<Submit, Cancel, ListJobs, GetStatus>(gateway);
  clients.receive(std::move(from_clients));
  clients.on_peer([](PeerId) {}, [gateway](const PeerDown& down) { tell(gateway, down); });
  from_coordinator
      .add<Accepted, Queued, Committed, Frame, Traced, Finished, Rejected, JobList, ClusterStatus>(
          gateway);
  from_coordinator.add<Welcome, Refused, HeartbeatAck>(member);
  uplink.receive(std::move(from_coordinator));
  uplink.on_peer(
      [gateway, member](PeerId peer) {
        tell(gateway, CoordinatorUp{peer});
        tell(member, PeerUp{peer});
      },
      [gateway, member](const PeerDown& down) {
        tell(gateway, CoordinatorDown{down.peer});
        tell(member, down);
      });
  simulation_.network().dial(kUplink, kCoordinator);
}

void SimulatedCluster::start_worker(int index) {
  const Address address = kFirstWorker + index;
  SimulatedProcess& process = simulation_.start(address);
  auto& wire = process.keep(
      std::make_shared<SimulatedWire>(simulation_, process, address, history_.unexpected));
  auto& device = process.keep(std::shared_ptr<Device>(devices_.make_device(address)));
  wires_[address] = &wire;

  const auto worker = process.system().spawn<Worker>("worker", process.env(),
                                                     std::ref<Device>(device), wire.outgoing());
  Member::Options options;
  options.replica = index / scenario_.group_size;
  options.rank = index % scenario_.group_size;
  options.incarnation = ++lives_[address];
  const auto member = process.system().spawn<Member>(
      "member", process.env(), options, wire.outgoing(),
      Member::Leave([this, address](const Error& why) { simulation_.exit(address, why.message); }));
  tell(member, Loaded{1, "exact, f32", scenario_.capacity});

  cli::Dispatch dispatch;
  dispatch.add<FormGroup, GroupAddresses, LeaveGroup, Step, Inspect, InspectMore>(worker);
  dispatch.add<Welcome, Refused, HeartbeatAck>(member);
  wire.receive(std::move(dispatch));
  wire.on_peer([member](PeerId peer) { tell(member, PeerUp{peer}); },
               [member](const PeerDown& down) { tell(member, down); });
  simulation_.network().dial(address, kCoordinator);
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

void SimulatedCluster::inject(const Fault& fault) {
  SimulatedNetwork& network = simulation_.network();
  const Address worker = kFirstWorker + fault.target;
  const auto restart = [&](Address address) {
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
    history_.unexpected.insert(history_.unexpected.end(), client->faults().begin(),
                               client->faults().end());
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
