#include "rpc/codec/codec.h"

#include <capnp/serialize.h>
#include <kj/exception.h>

#include <array>
#include <cstring>
#include <tuple>
#include <utility>
#include <variant>

#include "rpc/codec/fields.h"
#include "runtime/base/check.h"

namespace unmask::rpc {
namespace {

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;
constexpr std::uint32_t kMaxSegments = 8;
constexpr int kMaxNesting = 16;

/// The root struct and the traits of every type, in the order of WireMessage.
using Structs =
    std::tuple<wire::Submit, wire::Admit, wire::JobRef, wire::JobRef, wire::Accepted, wire::Queued,
               wire::Committed, wire::Frame, wire::Traced, wire::Finished, wire::Rejected,
               wire::Question, wire::JobList, wire::Question, wire::ClusterStatus, wire::Join,
               wire::Welcome, wire::JoinRejected, wire::Loading, wire::Beat, wire::Beat,
               wire::FormGroup, wire::GroupAddress, wire::GroupAddresses, wire::GroupReady,
               wire::LeaveGroup, wire::GroupFailed, wire::Step, wire::StepResult, wire::Inspect,
               wire::Inspected, wire::InspectMore>;
constexpr std::size_t kNumTypes = std::tuple_size_v<Structs>;
static_assert(kNumTypes == std::variant_size_v<actors::WireMessage>);

constexpr std::array<MessageTraits, kNumTypes> kTraits{{
    {"Submit", kMiB, false, false},
    {"Admit", kMiB, false, false},
    {"Cancel", kKiB, false, false},
    {"StopJob", kKiB, false, false},
    {"Accepted", kKiB, false, false},
    {"Queued", 4 * kKiB, false, false},
    {"Committed", kMiB, false, false},
    {"Frame", kMiB, true, false},
    {"Traced", 4 * kMiB, false, false},
    {"Finished", kMiB, false, false},
    {"Rejected", 64 * kKiB, false, false},
    {"ListJobs", kKiB, false, false},
    {"JobList", 4 * kMiB, false, false},
    {"GetStatus", kKiB, false, false},
    {"ClusterStatus", kMiB, false, false},
    {"Join", 64 * kKiB, false, true},
    {"Welcome", kKiB, false, true},
    {"JoinRejected", 64 * kKiB, false, true},
    {"Loading", 64 * kKiB, true, true},
    {"Heartbeat", kKiB, true, true},
    {"HeartbeatAck", kKiB, true, true},
    {"FormGroup", kKiB, false, false},
    {"GroupAddress", 128 * kKiB, false, false},
    {"GroupAddresses", 4 * kMiB, false, false},
    {"GroupReady", kKiB, false, false},
    {"LeaveGroup", 64 * kKiB, false, false},
    {"GroupFailed", 64 * kKiB, false, false},
    {"Step", 4 * kMiB, false, false},
    {"StepResult", 4 * kMiB, false, false},
    {"Inspect", kMiB, false, false},
    {"Inspected", 4 * kMiB, false, false},
    {"InspectMore", kKiB, false, false},
}};

template <std::size_t I>
using StructOf = std::tuple_element_t<I, Structs>;

template <std::size_t I>
void build(capnp::MessageBuilder& builder, const actors::WireMessage& message) {
  codec::write(builder.initRoot<StructOf<I>>(), std::get<I>(message));
}

template <std::size_t I>
actors::WireMessage parse(capnp::MessageReader& reader) {
  std::variant_alternative_t<I, actors::WireMessage> message;
  codec::read(reader.getRoot<StructOf<I>>(), message);
  return message;
}

using Build = void (*)(capnp::MessageBuilder&, const actors::WireMessage&);
using Parse = actors::WireMessage (*)(capnp::MessageReader&);

template <std::size_t... I>
constexpr std::array<Build, kNumTypes> builds(std::index_sequence<I...> /*types*/) {
  return {&build<I>...};
}
template <std::size_t... I>
constexpr std::array<Parse, kNumTypes> parses(std::index_sequence<I...> /*types*/) {
  return {&parse<I>...};
}
constexpr auto kBuild = builds(std::make_index_sequence<kNumTypes>{});
constexpr auto kParse = parses(std::make_index_sequence<kNumTypes>{});

/// The table in front of the segments: their number less one, then their sizes in words.
bool has_sound_segments(ByteView body) {
  std::uint32_t count = 0;
  std::memcpy(&count, body.data(), sizeof count);
  if (count >= kMaxSegments) return false;
  ++count;
  const std::size_t table_words = (1 + std::size_t(count)) / 2 + (1 + std::size_t(count)) % 2;
  if (body.size() < table_words * sizeof(capnp::word)) return false;
  std::uint64_t words = table_words;
  for (std::uint32_t i = 0; i < count; ++i) {
    std::uint32_t size = 0;
    std::memcpy(&size, body.data() + 4 * (1 + std::size_t(i)), sizeof size);
    words += size;
  }
  return words * sizeof(capnp::word) == body.size();
}

Error malformed(const MessageTraits& traits, const std::string& what) {
  return {ErrorCode::kInvalidArgument, std::string(traits.name) + ": " + what};
}

}  // namespace

MessageType type_of(const actors::WireMessage& message) { return MessageType(message.index() + 1); }

const MessageTraits* traits_of(MessageType type) {
  return type >= 1 && type <= kNumTypes ? &kTraits[type - 1] : nullptr;
}

MessageType num_message_types() { return kNumTypes; }

Bytes encode(const actors::WireMessage& message) {
  capnp::MallocMessageBuilder builder;
  kBuild[message.index()](builder, message);
  const auto segments = builder.getSegmentsForOutput();
  // One segment in most cases; more are copied behind each other as the format says.
  const kj::Array<capnp::word> words = capnp::messageToFlatArray(segments);
  const auto bytes = words.asBytes();
  Bytes out(bytes.size());
  std::memcpy(out.data(), bytes.begin(), bytes.size());
  return out;
}

Result<actors::WireMessage> decode(MessageType type, ByteView body) {
  const MessageTraits* traits = traits_of(type);
  if (traits == nullptr) {
    return Error{ErrorCode::kInvalidArgument, "no message has type " + std::to_string(type)};
  }
  if (body.size() > traits->max_bytes) {
    return malformed(*traits, std::to_string(body.size()) + " bytes, the limit is " +
                                  std::to_string(traits->max_bytes));
  }
  if (body.size() < sizeof(capnp::word) || body.size() % sizeof(capnp::word) != 0 ||
      !has_sound_segments(body)) {
    return malformed(*traits, "its segments do not make up its size");
  }
  kj::Array<capnp::word> words = kj::heapArray<capnp::word>(body.size() / sizeof(capnp::word));
  std::memcpy(words.asBytes().begin(), body.data(),
              body.size());  // aligned, as received bytes are not
  capnp::ReaderOptions options;
  options.traversalLimitInWords = 4 * words.size() + 64;
  options.nestingLimit = kMaxNesting;
  try {
    capnp::FlatArrayMessageReader reader(words, options);
    return kParse[type - 1](reader);
  } catch (const codec::Malformed& error) {
    return malformed(*traits, error.what);
  } catch (const kj::Exception& error) {
    return malformed(*traits, error.getDescription().cStr());
  }
}

}  // namespace unmask::rpc
