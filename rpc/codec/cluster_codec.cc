#include <algorithm>

#include "rpc/codec/fields.h"

namespace unmask::rpc::codec {
namespace {

constexpr std::size_t kMaxMembers = 4096;
constexpr std::size_t kMaxReasonBytes = 512 * 1024;  // a line per member
constexpr std::size_t kMaxJobs = 10'000;
constexpr std::size_t kMaxAddressBytes = 64 * 1024;

std::string read_name(capnp::Text::Reader text, const char* field) {
  return read_text(text, field, kMaxNameBytes);
}

Bytes read_address(capnp::Data::Reader data) {
  return read_bytes(data, "a collective's address", kMaxAddressBytes);
}

actors::Role read_role(std::uint8_t role) {
  return read_enum(role, actors::Role::kWorker, "the role");
}

/// Of what has the fields of a process: Join, Loading, MemberStatus.
template <typename Builder>
void write_process(Builder builder, const actors::ProcessIdentity& process) {
  builder.setRole(std::uint8_t(process.slot.role));
  builder.setReplica(process.slot.replica);
  builder.setRank(process.slot.rank);
  builder.setPid(process.pid);
  builder.setHost(text_of(process.host));
  builder.setHttp(text_of(process.http));
  builder.setLastEnd(std::uint8_t(process.last_end));
  builder.setLastWords(text_of(process.last_words));
}
template <typename Reader>
actors::ProcessIdentity read_process(Reader reader) {
  return {{read_role(reader.getRole()), reader.getReplica(), reader.getRank()},
          reader.getPid(),
          read_name(reader.getHost(), "the host"),
          read_name(reader.getHttp(), "the address"),
          read_enum(reader.getLastEnd(), actors::EndReason::kSilence, "why a process ended"),
          read_name(reader.getLastWords(), "why a process ended")};
}

void write_member(wire::MemberStatus::Builder builder, const actors::MemberStatus& member) {
  write_process(builder, member.process);
  builder.setState(text_of(member.state));
  builder.setPhase(text_of(member.phase));
  builder.setProgress(member.progress);
}
actors::MemberStatus read_member(wire::MemberStatus::Reader reader) {
  return {read_process(reader), read_name(reader.getState(), "a state"),
          read_name(reader.getPhase(), "a phase"), reader.getProgress()};
}

}  // namespace

void write(wire::Question::Builder builder, const actors::ListJobs& message) {
  builder.setRequest(message.request);
  write_requester(builder.initRequester(), message.requester);
}
void read(wire::Question::Reader reader, actors::ListJobs& message) {
  message.request = reader.getRequest();
  message.requester = read_requester(reader.getRequester());
}
void write(wire::Question::Builder builder, const actors::GetStatus& message) {
  builder.setRequest(message.request);
}
void read(wire::Question::Reader reader, actors::GetStatus& message) {
  message.request = reader.getRequest();
}

void write(wire::JobList::Builder builder, const actors::JobList& message) {
  builder.setRequest(message.request);
  auto jobs = builder.initJobs(unsigned(message.jobs.size()));
  for (std::size_t i = 0; i < message.jobs.size(); ++i) {
    const actors::JobSummary& job = message.jobs[i];
    auto to = jobs[unsigned(i)];
    to.setJob(job_data(job.job));
    to.setClient(text_of(job.client));
    to.setState(std::uint8_t(job.state));
    to.setTokens(job.tokens);
    to.setForwards(job.forwards);
    to.setBlock(job.block);
    to.setNumBlocks(job.num_blocks);
    to.setAgeMs(job.age.count());
    to.setOutcome(text_of(job.outcome));
    to.setRunTimeMs(job.run_time.count());
  }
  if (message.error) write_error(builder.initError(), *message.error);
}
void read(wire::JobList::Reader reader, actors::JobList& message) {
  message.request = reader.getRequest();
  check_length(reader.getJobs(), "jobs", kMaxJobs);
  for (const auto job : reader.getJobs()) {
    message.jobs.push_back(
        {read_job(job.getJob()), read_name(job.getClient(), "a client"),
         read_enum(job.getState(), actors::JobSummary::State::kFinished, "a job's state"),
         job.getTokens(), job.getForwards(), job.getBlock(), job.getNumBlocks(),
         std::chrono::milliseconds(job.getAgeMs()), read_name(job.getOutcome(), "an outcome"),
         std::chrono::milliseconds(job.getRunTimeMs())});
  }
  if (reader.hasError()) message.error = read_error(reader.getError());
}

void write(wire::ClusterStatus::Builder builder, const actors::ClusterStatus& message) {
  builder.setRequest(message.request);
  builder.setVersion(text_of(message.version));
  builder.setModel(text_of(message.model));
  builder.setEpoch(message.epoch);
  builder.setIsReady(message.is_ready);
  builder.setJobsRunning(message.jobs_running);
  builder.setJobsWaiting(message.jobs_waiting);
  builder.setKvPagesUsed(message.kv_pages_used);
  builder.setKvPagesTotal(message.kv_pages_total);
  builder.setDurability(text_of(message.durability));
  builder.setSinceProgressMs(message.since_progress.count());
  auto members = builder.initMembers(unsigned(message.members.size()));
  for (std::size_t i = 0; i < message.members.size(); ++i) {
    write_member(members[unsigned(i)], message.members[i]);
  }
  if (message.error) write_error(builder.initError(), *message.error);
}
void read(wire::ClusterStatus::Reader reader, actors::ClusterStatus& message) {
  message.request = reader.getRequest();
  message.version = read_name(reader.getVersion(), "the version");
  message.model = read_name(reader.getModel(), "the model's name");
  message.epoch = reader.getEpoch();
  message.is_ready = reader.getIsReady();
  message.jobs_running = reader.getJobsRunning();
  message.jobs_waiting = reader.getJobsWaiting();
  message.kv_pages_used = reader.getKvPagesUsed();
  message.kv_pages_total = reader.getKvPagesTotal();
  message.durability = read_name(reader.getDurability(), "the durability");
  message.since_progress = std::chrono::milliseconds(reader.getSinceProgressMs());
  check_length(reader.getMembers(), "members", kMaxMembers);
  for (const auto member : reader.getMembers()) message.members.push_back(read_member(member));
  if (reader.hasError()) message.error = read_error(reader.getError());
}

void write(wire::Join::Builder builder, const actors::Join& message) {
  write_process(builder, message.process);
  builder.setIncarnation(message.incarnation);
  builder.setModelDigest(message.model_digest);
  builder.setNumerics(text_of(message.numerics));
  builder.setNumericClass(text_of(message.numeric_class));
  auto capacity = builder.initCapacity();
  capacity.setNumKvPages(message.capacity.num_kv_pages);
  capacity.setPageSize(message.capacity.page_size);
  capacity.setMaxRowsPerStep(message.capacity.max_rows_per_step);
  capacity.setMaxPositions(message.capacity.max_positions);
  capacity.setWeightBytes(message.capacity.weight_bytes);
  capacity.setKvBytes(message.capacity.kv_bytes);
  capacity.setNumSoftRows(message.capacity.num_soft_rows);
}
void read(wire::Join::Reader reader, actors::Join& message) {
  message.process = read_process(reader);
  message.incarnation = reader.getIncarnation();
  message.model_digest = reader.getModelDigest();
  message.numerics = read_name(reader.getNumerics(), "the numerics");
  message.numeric_class = read_name(reader.getNumericClass(), "the numeric class");
  const auto capacity = reader.getCapacity();
  message.capacity = {capacity.getNumKvPages(),     capacity.getPageSize(),
                      capacity.getMaxRowsPerStep(), capacity.getMaxPositions(),
                      capacity.getWeightBytes(),    capacity.getKvBytes(),
                      capacity.getNumSoftRows()};
  if (message.process.slot.role == actors::Role::kWorker && message.capacity.page_size < 1) {
    throw Malformed{"a worker's page size is not positive"};
  }
}

void write(wire::Welcome::Builder builder, const actors::Welcome& message) {
  builder.setEpoch(message.epoch);
  builder.setHeartbeatIntervalMs(message.heartbeat_interval.count());
}
void read(wire::Welcome::Reader reader, actors::Welcome& message) {
  message.epoch = reader.getEpoch();
  message.heartbeat_interval = std::chrono::milliseconds(reader.getHeartbeatIntervalMs());
  if (message.heartbeat_interval.count() < 1 || message.heartbeat_interval.count() > 60'000) {
    throw Malformed{"the heartbeat interval is not between 1 ms and 60 s"};
  }
}

void write(wire::Leaving::Builder builder, const actors::Leaving& message) {
  builder.setReason(text_of(message.reason));
}
void read(wire::Leaving::Reader reader, actors::Leaving& message) {
  message.reason = read_name(reader.getReason(), "the reason");
}

void write(wire::ServiceState::Builder builder, const actors::ServiceState& message) {
  builder.setIsReady(message.is_ready);
  builder.setReason(text_of(message.reason));
}
void read(wire::ServiceState::Reader reader, actors::ServiceState& message) {
  message.is_ready = reader.getIsReady();
  message.reason = read_text(reader.getReason(), "the reason", kMaxReasonBytes);
  if (message.is_ready != message.reason.empty()) {
    throw Malformed{"a service is ready if and only if it says no reason"};
  }
}

void write(wire::JoinRejected::Builder builder, const actors::JoinRejected& message) {
  write_error(builder.initError(), message.error);
}
void read(wire::JoinRejected::Reader reader, actors::JoinRejected& message) {
  message.error = read_error(reader.getError());
}

void write(wire::Loading::Builder builder, const actors::Loading& message) {
  write_process(builder, message.process);
  builder.setPhase(text_of(message.phase));
  builder.setDone(message.done);
  builder.setTotal(message.total);
}
void read(wire::Loading::Reader reader, actors::Loading& message) {
  message = {read_process(reader), read_name(reader.getPhase(), "the phase"), reader.getDone(),
             reader.getTotal()};
}

void write(wire::Beat::Builder builder, const actors::Heartbeat& message) {
  builder.setBeat(message.beat);
}
void read(wire::Beat::Reader reader, actors::Heartbeat& message) {
  message.beat = reader.getBeat();
}
void write(wire::Beat::Builder builder, const actors::HeartbeatAck& message) {
  builder.setBeat(message.beat);
}
void read(wire::Beat::Reader reader, actors::HeartbeatAck& message) {
  message.beat = reader.getBeat();
}

void write(wire::FormGroup::Builder builder, const actors::FormGroup& message) {
  builder.setEpoch(message.epoch);
  builder.setReplica(message.replica);
  builder.setRank(message.rank);
  builder.setSize(message.size);
}
void read(wire::FormGroup::Reader reader, actors::FormGroup& message) {
  message = {reader.getEpoch(), reader.getReplica(), reader.getRank(), reader.getSize()};
  if (message.size < 1 || message.rank < 0 || message.rank >= message.size) {
    throw Malformed{"the rank is not one of the group"};
  }
}

void write(wire::GroupAddress::Builder builder, const actors::GroupAddress& message) {
  builder.setEpoch(message.epoch);
  builder.setRank(message.rank);
  builder.setAddress(data_of(message.address));
}
void read(wire::GroupAddress::Reader reader, actors::GroupAddress& message) {
  message = {reader.getEpoch(), reader.getRank(), read_address(reader.getAddress())};
}

void write(wire::GroupAddresses::Builder builder, const actors::GroupAddresses& message) {
  builder.setEpoch(message.epoch);
  auto list = builder.initAddresses(unsigned(message.addresses.size()));
  for (std::size_t i = 0; i < message.addresses.size(); ++i) {
    list.set(unsigned(i), data_of(message.addresses[i]));
  }
}
void read(wire::GroupAddresses::Reader reader, actors::GroupAddresses& message) {
  message.epoch = reader.getEpoch();
  check_length(reader.getAddresses(), "addresses", kMaxMembers);
  for (const auto address : reader.getAddresses())
    message.addresses.push_back(read_address(address));
}

void write(wire::GroupReady::Builder builder, const actors::GroupReady& message) {
  builder.setEpoch(message.epoch);
  builder.setRank(message.rank);
}
void read(wire::GroupReady::Reader reader, actors::GroupReady& message) {
  message = {reader.getEpoch(), reader.getRank()};
}

void write(wire::LeaveGroup::Builder builder, const actors::LeaveGroup& message) {
  builder.setEpoch(message.epoch);
  builder.setReason(text_of(message.reason));
}
void read(wire::LeaveGroup::Reader reader, actors::LeaveGroup& message) {
  message = {reader.getEpoch(), read_text(reader.getReason(), "the reason")};
}

void write(wire::GroupFailed::Builder builder, const actors::GroupFailed& message) {
  builder.setEpoch(message.epoch);
  builder.setRank(message.rank);
  write_error(builder.initError(), message.error);
}
void read(wire::GroupFailed::Reader reader, actors::GroupFailed& message) {
  message = {reader.getEpoch(), reader.getRank(), read_error(reader.getError())};
}

}  // namespace unmask::rpc::codec
