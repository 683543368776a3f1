#include "emulation/nccl_exchange.h"

#include <cuda_bf16.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "emulation/device.h"

namespace unmask::emulation {
namespace {

/// In the order of the ranks, rounded after each addition like a ring in the type itself.
template <typename T>
void add_parts(const std::byte* parts, std::size_t num_parts, std::size_t count, void* out) {
  std::vector<T> sum(count), part(count);
  std::memcpy(sum.data(), parts, count * sizeof(T));
  for (std::size_t r = 1; r < num_parts; ++r) {
    std::memcpy(part.data(), parts + r * count * sizeof(T), count * sizeof(T));
    for (std::size_t i = 0; i < count; ++i) sum[i] = T(float(sum[i]) + float(part[i]));
  }
  std::memcpy(out, sum.data(), count * sizeof(T));
}

}  // namespace

std::size_t nccl_size_of(ncclDataType_t type) {
  switch (type) {
    case ncclInt8:
    case ncclUint8:
      return 1;
    case ncclFloat16:
    case ncclBfloat16:
      return 2;
    case ncclInt64:
    case ncclUint64:
    case ncclFloat64:
      return 8;
    default:
      return 4;
  }
}

NcclExchange::NcclExchange(const NcclCall& call, int rank, const std::vector<Descriptor>& links)
    : call_(call),
      rank_(std::size_t(rank)),
      size_(links.size()),
      bytes_(call.count * nccl_size_of(call.type)),
      header_{std::uint32_t(call.kind), std::uint32_t(call.type), std::uint32_t(call.op), 0,
              call.count} {
  // As an operation in place overwrites what others have yet to be sent.
  const auto* data = static_cast<const std::byte*>(call.send);
  own_.assign(data, data + bytes_);
  std::byte* all = static_cast<std::byte*>(call.receive);
  if (call.kind == NcclCall::Kind::kAllReduce) {
    sum_parts_.resize(bytes_ * size_);
    all = sum_parts_.data();
  }
  std::copy(own_.begin(), own_.end(), all + rank_ * bytes_);
  for (std::size_t other = 0; other < size_; ++other) {
    if (other == rank_) continue;
    peers_.push_back({.line = links[other].get(), .to = all + other * bytes_});
  }
}

NcclExchange::State NcclExchange::advance() {
  bool is_done = true;
  for (Peer& peer : peers_) {
    if (!send(peer) || !receive(peer)) return State::kLeft;
    is_done =
        is_done && peer.sent == sizeof header_ + bytes_ && peer.received == sizeof header_ + bytes_;
  }
  if (!is_done) return State::kUnfinished;
  finish();
  return State::kFinished;
}

bool NcclExchange::send(Peer& peer) {
  while (peer.sent < sizeof header_ + bytes_) {
    const bool is_header = peer.sent < sizeof header_;
    const std::byte* from = is_header ? reinterpret_cast<const std::byte*>(&header_) + peer.sent
                                      : own_.data() + (peer.sent - sizeof header_);
    const std::size_t left = (is_header ? sizeof header_ : sizeof header_ + bytes_) - peer.sent;
    const ssize_t put = ::send(peer.line, from, left, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put < 0) return errno == EAGAIN || errno == EINTR;
    peer.sent += std::size_t(put);
  }
  return true;
}

bool NcclExchange::receive(Peer& peer) {
  while (peer.received < sizeof header_ + bytes_) {
    const bool is_header = peer.received < sizeof header_;
    std::byte* to = is_header ? reinterpret_cast<std::byte*>(&peer.theirs) + peer.received
                              : peer.to + (peer.received - sizeof header_);
    const std::size_t left = (is_header ? sizeof header_ : sizeof header_ + bytes_) - peer.received;
    const ssize_t got = ::recv(peer.line, to, left, MSG_DONTWAIT);
    if (got == 0) return false;
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    peer.received += std::size_t(got);
    if (peer.received == sizeof header_ &&
        std::memcmp(&peer.theirs, &header_, sizeof header_) != 0) {
      host_error("NCCL: ranks call different collectives, counts, types or reductions");
    }
  }
  return true;
}

void NcclExchange::finish() {
  if (call_.kind != NcclCall::Kind::kAllReduce) return;
  if (call_.type == ncclFloat32) {
    add_parts<float>(sum_parts_.data(), size_, call_.count, call_.receive);
  } else if (call_.type == ncclBfloat16) {
    add_parts<__nv_bfloat16>(sum_parts_.data(), size_, call_.count, call_.receive);
  } else {
    host_error("NCCL: sums of this type are not emulated");
  }
}

}  // namespace unmask::emulation
