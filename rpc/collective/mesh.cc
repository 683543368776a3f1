#include "rpc/collective/mesh.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "runtime/actor/clock.h"
#include "runtime/base/check.h"
#include "runtime/base/random.h"

namespace unmask::rpc {
namespace {

constexpr std::uint64_t kMagic = 0x3148'5345'4d4b'4d55;  // "UMKMESH1"
/// Connections that have not shown the secret yet; beyond this the oldest is closed.
constexpr std::size_t kMaxStrangers = 64;
constexpr std::size_t kMaxEndpointBytes = 64;

Error lost(int rank, const std::string& why) {
  return {ErrorCode::kUnavailable, "rank " + std::to_string(rank) + " cannot be reached: " + why};
}

}  // namespace

struct Mesh::Peer {
  HostPort endpoint;
  Secret secret{};
};

/// The first and only words on a connection, once in each direction.
struct Mesh::Greeting {
  std::uint64_t magic = kMagic;
  Epoch epoch = 0;
  std::int32_t from = 0;
  std::int32_t to = 0;
  Secret proof{};  ///< of who is greeted
};

struct Mesh::Attempt {
  Descriptor socket;
  int dialed = -1;  ///< a rank; -1: it came by itself
  bool is_connecting = false;
  Greeting heard{};
  std::size_t num_heard = 0;  ///< bytes of it
};

Result<std::unique_ptr<Mesh>> Mesh::listen(const MeshPlace& place, Epoch epoch, int rank,
                                           int size) {
  UNMASK_CHECK(rank >= 0 && rank < size);
  Result<Descriptor> listener = listen_at(place, size + int(kMaxStrangers));
  if (!listener) return listener.error();
  return std::unique_ptr<Mesh>(new Mesh(std::move(*listener), epoch, rank, size));
}

Mesh::Mesh(Descriptor listener, Epoch epoch, int rank, int size)
    : listener_(std::move(listener)), epoch_(epoch), rank_(rank), size_(size) {
  fill_randomly(secret_);
}

/// epoch u64 | rank i32 | secret | host:port
Bytes Mesh::address() const {
  const std::string endpoint = endpoint_of(listener_).to_string();
  const std::int32_t rank = rank_;
  Bytes address(sizeof epoch_ + sizeof rank + secret_.size() + endpoint.size());
  std::byte* to = address.data();
  for (const ByteView part :
       {std::as_bytes(std::span(&epoch_, 1)), std::as_bytes(std::span(&rank, 1)), ByteView(secret_),
        std::as_bytes(std::span(endpoint))}) {
    to = std::ranges::copy(part, to).out;
  }
  return address;
}

Result<Mesh::Peer> Mesh::parse(ByteView address, int rank) const {
  const Error error = invalid("what stands for rank " + std::to_string(rank) +
                              " is not the address of its collective in this epoch");
  Epoch epoch = 0;
  std::int32_t its_rank = 0;
  Peer peer;
  const std::size_t fixed_bytes = sizeof epoch + sizeof its_rank + peer.secret.size();
  if (address.size() < fixed_bytes || address.size() > fixed_bytes + kMaxEndpointBytes)
    return error;
  std::memcpy(&epoch, address.data(), sizeof epoch);
  std::memcpy(&its_rank, address.data() + sizeof epoch, sizeof its_rank);
  std::memcpy(peer.secret.data(), address.data() + sizeof epoch + sizeof its_rank,
              peer.secret.size());
  const ByteView text = address.subspan(fixed_bytes);
  Result<HostPort> endpoint =
      parse_host_port({reinterpret_cast<const char*>(text.data()), text.size()});
  if (!endpoint || epoch != epoch_ || its_rank != rank) return error;
  peer.endpoint = std::move(*endpoint);
  return peer;
}

/// The time from the addresses to the connections.
class Mesh::Meeting {
 public:
  Meeting(const Mesh& mesh, std::vector<Peer> peers)
      : mesh_(mesh),
        peers_(std::move(peers)),
        sockets_(std::size_t(mesh.size_)),
        num_missing_(mesh.size_ - 1) {}

  /// Lower ranks are dialed, higher ones come.
  Result<> dial() {
    for (int rank = 0; rank < mesh_.rank_; ++rank) {
      Result<Descriptor> socket = start_connecting(peers_[std::size_t(rank)].endpoint);
      if (!socket) return lost(rank, socket.error().message);
      attempts_.push_back({.socket = std::move(*socket), .dialed = rank, .is_connecting = true});
    }
    return {};
  }

  Result<> run(Time deadline, const Descriptor& cancelled) {
    while (num_missing_ > 0) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock().now());
      if (left.count() <= 0)
        return Error{ErrorCode::kDeadlineExceeded, "did not come: " + missing()};
      std::vector<pollfd> polls = {{cancelled.get(), POLLIN, 0},
                                   {mesh_.listener_.get(), POLLIN, 0}};
      for (const Attempt& attempt : attempts_) {
        polls.push_back({attempt.socket.get(), short(attempt.is_connecting ? POLLOUT : POLLIN), 0});
      }
      if (::poll(polls.data(), polls.size(), int(left.count())) < 0) UNMASK_CHECK(errno == EINTR);
      if (polls[0].revents != 0)
        return Error{ErrorCode::kUnavailable, "the collective was aborted"};
      for (std::size_t i = 0; i < attempts_.size(); ++i) {
        if (polls[i + 2].revents == 0) continue;
        const Result<> advanced = advance(attempts_[i]);
        if (!advanced) return advanced;
      }
      std::erase_if(attempts_, [](const Attempt& attempt) { return !attempt.socket.is_open(); });
      if (polls[1].revents != 0) accept();
    }
    return {};
  }

  [[nodiscard]] std::vector<Descriptor> take() { return std::move(sockets_); }

 private:
  void accept() {
    Descriptor socket(
        ::accept4(mesh_.listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket.is_open()) return;
    const auto is_stranger = [](const Attempt& attempt) { return attempt.dialed < 0; };
    if (std::size_t(std::ranges::count_if(attempts_, is_stranger)) == kMaxStrangers) {
      attempts_.erase(std::ranges::find_if(attempts_, is_stranger));
    }
    attempts_.push_back({.socket = std::move(socket)});
  }

  /// Errors only if a rank that was dialed is gone.
  Result<> advance(Attempt& attempt) {
    const auto count_and_reject = [&](const char* why) -> Result<> {
      attempt.socket = Descriptor();
      if (attempt.dialed < 0) return {};
      return lost(attempt.dialed, why);
    };
    if (attempt.is_connecting) {
      int failure = 0;
      socklen_t bytes = sizeof failure;
      ::getsockopt(attempt.socket.get(), SOL_SOCKET, SO_ERROR, &failure, &bytes);
      attempt.is_connecting = false;
      if (failure != 0) return count_and_reject(strerror(failure));
      return greet(attempt, attempt.dialed) ? Result<>()
                                            : count_and_reject("it closed the connection");
    }
    const ssize_t received =
        ::recv(attempt.socket.get(), reinterpret_cast<char*>(&attempt.heard) + attempt.num_heard,
               sizeof attempt.heard - attempt.num_heard, 0);
    if (received < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    if (received <= 0) return count_and_reject("it closed the connection");
    attempt.num_heard += std::size_t(received);
    if (attempt.num_heard < sizeof attempt.heard) return {};
    const int from = attempt.heard.from;
    if (!is_expected(attempt)) return count_and_reject("something else answers there");
    if (attempt.dialed < 0 && !greet(attempt, from)) return count_and_reject("");
    sockets_[std::size_t(from)] = std::move(attempt.socket);
    --num_missing_;
    return {};
  }

  [[nodiscard]] bool is_expected(const Attempt& attempt) const {
    const Greeting& heard = attempt.heard;
    if (heard.magic != kMagic || heard.epoch != mesh_.epoch_ || heard.to != mesh_.rank_ ||
        heard.proof != mesh_.secret_) {
      return false;
    }
    if (attempt.dialed >= 0) return heard.from == attempt.dialed;
    return heard.from > mesh_.rank_ && heard.from < mesh_.size_ &&
           !sockets_[std::size_t(heard.from)].is_open();
  }

  /// So few bytes always fit into a new connection.
  [[nodiscard]] bool greet(const Attempt& attempt, int rank) const {
    Greeting greeting;
    greeting.epoch = mesh_.epoch_;
    greeting.from = mesh_.rank_;
    greeting.to = rank;
    greeting.proof = peers_[std::size_t(rank)].secret;
    return ::send(attempt.socket.get(), &greeting, sizeof greeting, MSG_NOSIGNAL) ==
           ssize_t(sizeof greeting);
  }

  [[nodiscard]] std::string missing() const {
    std::string names;
    for (int rank = 0; rank < mesh_.size_; ++rank) {
      if (rank == mesh_.rank_ || sockets_[std::size_t(rank)].is_open()) continue;
      names += (names.empty() ? "rank " : ", rank ") + std::to_string(rank);
    }
    return names;
  }

  const Mesh& mesh_;
  const std::vector<Peer> peers_;
  std::vector<Attempt> attempts_;
  std::vector<Descriptor> sockets_;
  int num_missing_;
};

Result<std::vector<Descriptor>> Mesh::connect(const std::vector<Bytes>& addresses,
                                              std::chrono::milliseconds timeout,
                                              const Descriptor& cancelled) const {
  if (addresses.size() != std::size_t(size_)) {
    return invalid("there are " + std::to_string(addresses.size()) + " addresses for " +
                   std::to_string(size_) + " ranks");
  }
  std::vector<Peer> peers;
  for (int rank = 0; rank < size_; ++rank) {
    Result<Peer> peer = parse(addresses[std::size_t(rank)], rank);
    if (!peer) return peer.error();
    peers.push_back(std::move(*peer));
  }
  Meeting meeting(*this, std::move(peers));
  const Time deadline = SteadyClock().now() + timeout;
  const Result<> dialed = meeting.dial();
  if (!dialed) return dialed.error();
  const Result<> met = meeting.run(deadline, cancelled);
  if (!met) return met.error();
  return meeting.take();
}

}  // namespace unmask::rpc
