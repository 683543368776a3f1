/// Between Cap'n Proto and plain values, one field at a time. Private to the codec.

#pragma once

#include <capnp/list.h>
#include <capnp/message.h>

#include <cmath>
#include <string>
#include <vector>

#include "actors/messages.h"
#include "rpc/protocol.capnp.h"
#include "runtime/base/utf8.h"

namespace unmask::rpc::codec {

/// Why a body is refused; caught where bodies are decoded, and nowhere else.
struct Malformed {
  std::string what;
};

inline constexpr std::size_t kMaxTextBytes = 256 * 1024;  // as a prompt may have
inline constexpr std::size_t kMaxNameBytes = 4096;
inline constexpr std::size_t kMaxListLength = 4 * 1024 * 1024;

inline std::string read_text(capnp::Text::Reader text, const char* field,
                             std::size_t max_bytes = kMaxTextBytes) {
  const std::string_view view(text.begin(), text.size());
  if (view.size() > max_bytes) {
    throw Malformed{std::string(field) + " has " + std::to_string(view.size()) +
                    " bytes, the limit is " + std::to_string(max_bytes)};
  }
  if (!is_utf8(view)) throw Malformed{std::string(field) + " is not UTF-8"};
  return std::string(view);
}

inline kj::StringPtr text_of(const std::string& text) { return {text.c_str(), text.size()}; }

inline void write_requester(wire::Requester::Builder builder, const actors::Requester& requester) {
  builder.setKey(text_of(requester.key));
  builder.setProcess(requester.process);
  builder.setIsOperator(requester.is_operator);
}
inline actors::Requester read_requester(wire::Requester::Reader reader) {
  return {read_text(reader.getKey(), "a key", kMaxNameBytes), reader.getProcess(),
          reader.getIsOperator()};
}

inline Bytes read_bytes(capnp::Data::Reader data, const char* name, std::size_t max_bytes) {
  if (data.size() > max_bytes) throw Malformed{std::string(name) + " is too long"};
  const auto bytes = std::as_bytes(std::span(data.begin(), data.size()));
  return {bytes.begin(), bytes.end()};
}

inline capnp::Data::Reader data_of(const Bytes& bytes) {
  return {reinterpret_cast<const capnp::byte*>(bytes.data()), bytes.size()};
}

inline JobId read_job(capnp::Data::Reader data) {
  JobId job;
  if (data.size() != job.bytes.size()) throw Malformed{"a job id has 16 bytes"};
  std::copy(data.begin(), data.end(), job.bytes.begin());
  return job;
}
inline capnp::Data::Reader job_data(const JobId& job) {
  return {job.bytes.data(), job.bytes.size()};
}

template <typename Enum>
Enum read_enum(unsigned value, Enum last, const char* field) {
  if (value > unsigned(last)) throw Malformed{std::string(field) + " is out of range"};
  return Enum(value);
}

template <typename List>
void check_length(const List& list, const char* field, std::size_t max = kMaxListLength) {
  if (list.size() > max) {
    throw Malformed{std::string(field) + " has " + std::to_string(list.size()) +
                    " entries, the limit is " + std::to_string(max)};
  }
}

/// A list of numbers.
template <typename T, typename Reader>
std::vector<T> read_list(Reader list, const char* field) {
  check_length(list, field);
  std::vector<T> values;
  values.reserve(list.size());
  for (const T value : list) values.push_back(value);
  return values;
}
template <typename Builder, typename T>
void write_list(Builder list, const std::vector<T>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) list.set(unsigned(i), values[i]);
}

inline Range read_range(wire::Range::Reader range) { return {range.getBegin(), range.getEnd()}; }
inline void write_range(wire::Range::Builder builder, const Range& range) {
  builder.setBegin(range.begin);
  builder.setEnd(range.end);
}
inline Ranges read_ranges(capnp::List<wire::Range>::Reader list, const char* field) {
  check_length(list, field);
  Ranges ranges;
  for (const auto range : list) ranges.push_back(read_range(range));
  return ranges;
}
inline void write_ranges(capnp::List<wire::Range>::Builder list, const Ranges& ranges) {
  for (std::size_t i = 0; i < ranges.size(); ++i) write_range(list[unsigned(i)], ranges[i]);
}

inline Error read_error(wire::Error::Reader error) {
  return {read_enum(error.getCode(), ErrorCode::kTooLong, "an error code"),
          read_text(error.getMessage(), "an error message")};
}
inline void write_error(wire::Error::Builder builder, const Error& error) {
  builder.setCode(std::uint16_t(error.code));
  builder.setMessage(text_of(error.message));
}

// One pair per type of message. Clients and jobs: job_codec.cc.
void write(wire::Submit::Builder builder, const actors::Submit& message);
void write(wire::Admit::Builder builder, const actors::Admit& message);
void write(wire::Attach::Builder builder, const actors::Attach& message);
void write(wire::JobRef::Builder builder, const actors::Cancel& message);
void write(wire::JobRef::Builder builder, const actors::StopJob& message);
void write(wire::Accepted::Builder builder, const actors::Accepted& message);
void write(wire::Queued::Builder builder, const actors::Queued& message);
void write(wire::Committed::Builder builder, const actors::Committed& message);
void write(wire::Frame::Builder builder, const actors::Frame& message);
void write(wire::Finished::Builder builder, const actors::Finished& message);
void write(wire::Rejected::Builder builder, const actors::Rejected& message);
void read(wire::Submit::Reader reader, actors::Submit& message);
void read(wire::Admit::Reader reader, actors::Admit& message);
void read(wire::Attach::Reader reader, actors::Attach& message);
void read(wire::JobRef::Reader reader, actors::Cancel& message);
void read(wire::JobRef::Reader reader, actors::StopJob& message);
void read(wire::Accepted::Reader reader, actors::Accepted& message);
void read(wire::Queued::Reader reader, actors::Queued& message);
void read(wire::Committed::Reader reader, actors::Committed& message);
void read(wire::Frame::Reader reader, actors::Frame& message);
void read(wire::Finished::Reader reader, actors::Finished& message);
void read(wire::Rejected::Reader reader, actors::Rejected& message);

// Questions and membership: cluster_codec.cc.
void write(wire::Question::Builder builder, const actors::ListJobs& message);
void write(wire::Question::Builder builder, const actors::GetStatus& message);
void write(wire::JobList::Builder builder, const actors::JobList& message);
void write(wire::ClusterStatus::Builder builder, const actors::ClusterStatus& message);
void write(wire::Join::Builder builder, const actors::Join& message);
void write(wire::Welcome::Builder builder, const actors::Welcome& message);
void write(wire::Leaving::Builder builder, const actors::Leaving& message);
void write(wire::ServiceState::Builder builder, const actors::ServiceState& message);
void write(wire::JoinRejected::Builder builder, const actors::JoinRejected& message);
void write(wire::Loading::Builder builder, const actors::Loading& message);
void write(wire::Beat::Builder builder, const actors::Heartbeat& message);
void write(wire::Beat::Builder builder, const actors::HeartbeatAck& message);
void write(wire::FormGroup::Builder builder, const actors::FormGroup& message);
void write(wire::GroupAddress::Builder builder, const actors::GroupAddress& message);
void write(wire::GroupAddresses::Builder builder, const actors::GroupAddresses& message);
void write(wire::GroupReady::Builder builder, const actors::GroupReady& message);
void write(wire::LeaveGroup::Builder builder, const actors::LeaveGroup& message);
void write(wire::GroupFailed::Builder builder, const actors::GroupFailed& message);
void read(wire::Question::Reader reader, actors::ListJobs& message);
void read(wire::Question::Reader reader, actors::GetStatus& message);
void read(wire::JobList::Reader reader, actors::JobList& message);
void read(wire::ClusterStatus::Reader reader, actors::ClusterStatus& message);
void read(wire::Join::Reader reader, actors::Join& message);
void read(wire::Welcome::Reader reader, actors::Welcome& message);
void read(wire::Leaving::Reader reader, actors::Leaving& message);
void read(wire::ServiceState::Reader reader, actors::ServiceState& message);
void read(wire::JoinRejected::Reader reader, actors::JoinRejected& message);
void read(wire::Loading::Reader reader, actors::Loading& message);
void read(wire::Beat::Reader reader, actors::Heartbeat& message);
void read(wire::Beat::Reader reader, actors::HeartbeatAck& message);
void read(wire::FormGroup::Reader reader, actors::FormGroup& message);
void read(wire::GroupAddress::Reader reader, actors::GroupAddress& message);
void read(wire::GroupAddresses::Reader reader, actors::GroupAddresses& message);
void read(wire::GroupReady::Reader reader, actors::GroupReady& message);
void read(wire::LeaveGroup::Reader reader, actors::LeaveGroup& message);
void read(wire::GroupFailed::Reader reader, actors::GroupFailed& message);

// Steps: step_codec.cc.
void write(wire::Traced::Builder builder, const actors::Traced& message);
void write(wire::Step::Builder builder, const Step& message);
void write(wire::StepResult::Builder builder, const StepResult& message);
void write(wire::Inspect::Builder builder, const actors::Inspect& message);
void write(wire::Inspected::Builder builder, const actors::Inspected& message);
void write(wire::EndBurst::Builder builder, const actors::EndBurst& message);
void write(wire::InspectMore::Builder builder, const actors::InspectMore& message);
void read(wire::Traced::Reader reader, actors::Traced& message);
void read(wire::Step::Reader reader, Step& message);
void read(wire::StepResult::Reader reader, StepResult& message);
void read(wire::Inspect::Reader reader, actors::Inspect& message);
void read(wire::Inspected::Reader reader, actors::Inspected& message);
void read(wire::EndBurst::Reader reader, actors::EndBurst& message);
void read(wire::InspectMore::Reader reader, actors::InspectMore& message);

}  // namespace unmask::rpc::codec
