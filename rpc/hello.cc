#include "rpc/hello.h"

#include <cstring>

namespace unmask::rpc {
namespace {

std::string versions_of(const Hello& hello) {
  std::string text = "protocol " + std::to_string(hello.min_version);
  if (hello.max_version != hello.min_version) text += " to " + std::to_string(hello.max_version);
  return text;
}

}  // namespace

Bytes encode_hello(const Hello& hello) {
  Bytes body(kHelloBytes);
  std::memcpy(body.data(), &hello.min_version, 2);
  std::memcpy(body.data() + 2, &hello.max_version, 2);
  std::memcpy(body.data() + 8, &hello.boot_id, 8);
  std::memcpy(body.data() + 16, &hello.incarnation, 8);
  return body;
}

std::optional<Hello> decode_hello(ByteView body) {
  if (body.size() != kHelloBytes) return std::nullopt;
  Hello hello;
  std::memcpy(&hello.min_version, body.data(), 2);
  std::memcpy(&hello.max_version, body.data() + 2, 2);
  std::memcpy(&hello.boot_id, body.data() + 8, 8);
  std::memcpy(&hello.incarnation, body.data() + 16, 8);
  return hello;
}

std::optional<std::string> version_mismatch(const Hello& mine, const Hello& theirs) {
  const bool is_shared =
      theirs.min_version <= mine.max_version && theirs.max_version >= mine.min_version;
  if (is_shared) return std::nullopt;
  return "the other end speaks " + versions_of(theirs) + ", this one " + versions_of(mine) +
         "; use the same release on both ends";
}

}  // namespace unmask::rpc
