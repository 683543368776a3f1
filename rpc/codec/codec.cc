#include "rpc/codec/codec.h"

#include <capnp/serialize.h>
#include <kj/exception.h>
#include <kj/io.h>

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "rpc/codec/fields.h"
#include "rpc/codec/on_wire.h"
#include "runtime/base/check.h"

namespace unmask::rpc {
namespace {

constexpr std::uint32_t kMaxSegments = 8;
constexpr int kMaxNesting = 16;

using Parse = actors::WireMessage (*)(capnp::MessageReader&);

template <typename Message>
actors::WireMessage parse(capnp::MessageReader& reader) {
  Message message;
  codec::read(reader.getRoot<typename codec::OnWire<Message>::Struct>(), message);
  return message;
}

struct Entry {
  const MessageTraits* traits = nullptr;
  Parse parse = nullptr;
  bool is_there = false;  ///< with UBSan, GCC does not compare pointers before a program runs
};
constexpr std::size_t kNumTypes = std::variant_size_v<actors::WireMessage>;

/// Every message of `WireMessage` under its number less one.
template <typename... Messages>
constexpr std::array<Entry, kNumTypes> entries(const std::variant<Messages...>* /*types*/) {
  std::array<Entry, kNumTypes> entries{};
  ((entries[codec::OnWire<Messages>::kTraits.type - 1] = {&codec::OnWire<Messages>::kTraits,
                                                          &parse<Messages>, true}),
   ...);
  return entries;
}
constexpr auto kEntries = entries(static_cast<const actors::WireMessage*>(nullptr));
static_assert(std::ranges::all_of(kEntries, [](const Entry& entry) { return entry.is_there; }),
              "two messages have the same number");

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

MessageType type_of(const actors::WireMessage& message) {
  return std::visit(
      []<typename Message>(const Message&) { return codec::OnWire<Message>::kTraits.type; },
      message);
}

const MessageTraits* traits_of(MessageType type) {
  return type >= 1 && type <= kNumTypes ? kEntries[type - 1].traits : nullptr;
}

MessageType num_message_types() { return kNumTypes; }

Bytes encode(const actors::WireMessage& message) {
  // The builder hands it back as it gets it: zeroed.
  constexpr std::size_t kScratchWords = 4096;
  thread_local std::array<capnp::word, kScratchWords> scratch{};
  capnp::MallocMessageBuilder builder(kj::arrayPtr(scratch.data(), scratch.size()));
  std::visit(
      [&]<typename Message>(const Message& body) {
        codec::write(builder.initRoot<typename codec::OnWire<Message>::Struct>(), body);
      },
      message);
  const auto segments = builder.getSegmentsForOutput();
  Bytes out(capnp::computeSerializedSizeInWords(segments) * sizeof(capnp::word));
  kj::ArrayOutputStream stream(kj::arrayPtr(reinterpret_cast<kj::byte*>(out.data()), out.size()));
  capnp::writeMessage(stream, segments);
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
    return kEntries[type - 1].parse(reader);
  } catch (const codec::Malformed& error) {
    return malformed(*traits, error.what);
  } catch (const kj::Exception& error) {
    return malformed(*traits, error.getDescription().cStr());
  }
}

}  // namespace unmask::rpc
