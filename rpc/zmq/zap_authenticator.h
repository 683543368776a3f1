#pragma once

#include <memory>
#include <set>
#include <string>

#include "rpc/zmq/zmq_options.h"
#include "rpc/zmq/zmq_socket.h"

namespace unmask::rpc {

/// Lets in whose key is allowed, and nobody else, through the CURVE sockets of a context
/// (https://rfc.zeromq.org/spec/27/). Without it libzmq would let in everybody who knows the
/// server's public key.
///
/// Owner watches requests() and calls answer().
class ZapAuthenticator {
 public:
  /// Tries it out with a random key.
  ///
  /// Errors  kInvalidArgument: keys that are none, or nobody is allowed; kInternal: the random key
  /// was let in
  static Result<std::unique_ptr<ZapAuthenticator>> open(const ZmqContext& context,
                                                        const ZmqOptions& options);

  [[nodiscard]] const ZmqSocket& requests() const { return requests_; }
  /// Answers whoever asks now.
  void answer();

 private:
  explicit ZapAuthenticator(ZmqSocket requests) : requests_(std::move(requests)) {}

  [[nodiscard]] bool is_allowed(std::string_view mechanism, std::string_view key) const;
  [[nodiscard]] Result<> try_random_key(const ZmqContext& context, const ZmqOptions& options);

  ZmqSocket requests_;
  std::set<std::string, std::less<>> allowed_keys_;  // 32 bytes each
};

}  // namespace unmask::rpc
