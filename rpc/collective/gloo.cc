#include "rpc/collective/gloo.h"

#include <fcntl.h>
#include <gloo/common/logging.h>
#include <gloo/transport/tcp/context.h>
#include <gloo/transport/tcp/device.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "rpc/collective/gloo_pair.h"
#include "rpc/collective/mesh.h"
#include "runtime/base/check.h"

namespace unmask::rpc {
namespace {

/// Written to all ranks before any is read: at most two of them are on their way between two ranks,
/// which has to fit into the sockets (gloo_pair.cc).
constexpr std::size_t kChunkBytes = 64 << 10;

Error unavailable(std::string what) { return {ErrorCode::kUnavailable, std::move(what)}; }

class GlooCollective final : public Collective {
 public:
  /// Throws Gloo's exceptions.
  GlooCollective(int rank, std::vector<Descriptor> sockets, std::chrono::milliseconds timeout)
      : rank_(rank), size_(int(sockets.size())), timeout_(timeout) {
    if (size_ == 1) return;
    device_ = std::dynamic_pointer_cast<gloo::transport::tcp::Device>(
        gloo::transport::tcp::CreateDevice("127.0.0.1"));
    context_ = std::make_shared<gloo::transport::tcp::Context>(device_, rank_, size_);
    // Everybody begins with the rank after their own, so that nobody is written to by all at once.
    for (int i = 1; i < size_; ++i) {
      const int other = (rank_ + i) % size_;
      Descriptor& socket = sockets[std::size_t(other)];
      lines_.emplace_back(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0));
      UNMASK_CHECK(lines_.back().is_open());
      pairs_.push_back({other, std::make_unique<GlooPair>(*context_, *device_, other, timeout,
                                                          std::move(socket))});
    }
  }
  GlooCollective(const GlooCollective&) = delete;
  GlooCollective& operator=(const GlooCollective&) = delete;
  ~GlooCollective() override { hang_up(); }

  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return size_; }

  Result<> all_gather(const void* send, void* recv, std::size_t bytes,
                      kernels::Stream /*stream*/) override {
    return gather(send, static_cast<std::byte*>(recv), bytes, bytes);
  }

  Result<> all_reduce_sum(float* data, std::size_t count, kernels::Stream /*stream*/) override {
    constexpr std::size_t kSliceCount = kChunkBytes / sizeof(float);
    std::vector<float> all(std::min(count, kSliceCount) * std::size_t(size_));
    std::size_t done = 0;
    do {
      const std::size_t slice = std::min(count - done, kSliceCount);
      const Result<> gathered = gather(data + done, reinterpret_cast<std::byte*>(all.data()),
                                       slice * sizeof(float), count * sizeof(float));
      if (!gathered) return gathered;
      for (std::size_t i = 0; i < slice; ++i) {
        float sum = 0;
        for (std::size_t r = 0; r < std::size_t(size_); ++r) sum += all[r * slice + i];
        data[done + i] = sum;
      }
      done += slice;
    } while (done < count);
    return {};
  }

  void abort() override {
    is_aborted_ = true;
    hang_up();
  }

 private:
  struct Peer {
    int rank;
    std::unique_ptr<GlooPair> pair;
  };
  using Buffers = std::vector<std::unique_ptr<gloo::transport::Buffer>>;

  /// all_gather of a part of an operation of `total_bytes`, in which all ranks have to agree.
  Result<> gather(const void* send, std::byte* recv, std::size_t bytes, std::size_t total_bytes) {
    std::byte* const own = recv + std::size_t(rank_) * bytes;
    if (bytes > 0 && own != send) std::memmove(own, send, bytes);
    if (failure_ || is_aborted_) return failure();
    const Peer* at = nullptr;  // whom an exception is about
    try {
      Buffers out, in;
      const int slot = next_slot(total_bytes);
      for (const Peer& peer : pairs_) {
        at = &peer;
        out.push_back(peer.pair->createSendBuffer(slot, own, bytes));
        in.push_back(
            peer.pair->createRecvBuffer(slot, recv + std::size_t(peer.rank) * bytes, bytes));
      }
      std::size_t done = 0;
      do {
        const std::size_t chunk = std::min(bytes - done, kChunkBytes);
        for (std::size_t i = 0; i < pairs_.size(); ++i) {
          at = &pairs_[i];
          out[i]->send(done, chunk, done);
        }
        if (!receive(in, at)) return fail(late(at));
        done += chunk;
      } while (done < bytes);
      return {};
    } catch (const gloo::EnforceNotMet&) {
      return fail(unavailable(name(at) + " came to the collective with other data"));
    } catch (const std::exception& error) {
      const bool is_late = std::strstr(error.what(), "timeout") != nullptr;
      return fail(is_late ? late(at) : unavailable(name(at) + " left the collective"));
    }
  }

  /// From every other rank, whoever comes first, so that one that is gone is noticed although
  /// others are awaited, even if it had come. False if `at` did not come in time.
  bool receive(const Buffers& in, const Peer*& at) {
    std::vector<pollfd> lines;
    for (const Descriptor& line : lines_) lines.push_back({line.get(), POLLIN, 0});
    for (std::size_t left = lines.size(); left > 0;) {
      const int ready = ::poll(lines.data(), lines.size(), int(timeout_.count()));
      UNMASK_CHECK(ready >= 0 || errno == EINTR);
      if (ready < 0) continue;
      const std::size_t left_before = left;
      const Peer* gone = nullptr;
      for (std::size_t i = 0; i < lines.size(); ++i) {
        const bool is_awaited = lines[i].events == POLLIN;
        if (!is_awaited && lines[i].revents != 0) gone = &pairs_[i];
        if (!is_awaited || (lines[i].revents == 0 && ready > 0)) continue;
        at = &pairs_[i];
        if (ready == 0) return false;
        in[i]->waitRecv();
        lines[i].events = POLLRDHUP;
        --left;
      }
      if (gone == nullptr || left < left_before) continue;
      at = gone;
      throw std::runtime_error("its end is closed");
    }
    return true;
  }

  static Error late(const Peer* peer) {
    return {ErrorCode::kDeadlineExceeded, name(peer) + " did not come to the collective in time"};
  }

  static std::string name(const Peer* peer) { return "rank " + std::to_string(peer->rank); }

  /// Names an operation and its size, so that ranks which disagree about either notice.
  int next_slot(std::size_t total_bytes) {
    constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;
    return int((++num_operations_ + total_bytes * kOdd) & 0x7fffffff);
  }

  Error failure() const {
    return is_aborted_ ? unavailable("the collective was aborted") : *failure_;
  }

  Error fail(Error error) {
    failure_ = std::move(error);
    hang_up();
    return failure();
  }

  /// All calls of this rank and of the others fail: whoever reads hears the end.
  void hang_up() {
    for (const Descriptor& line : lines_) ::shutdown(line.get(), SHUT_RDWR);
  }

  const int rank_, size_;
  const std::chrono::milliseconds timeout_;
  std::shared_ptr<gloo::transport::tcp::Device> device_;
  std::shared_ptr<gloo::transport::tcp::Context> context_;
  std::vector<Peer> pairs_;
  std::vector<Descriptor> lines_;  // of pairs_, which close theirs when something fails
  std::uint64_t num_operations_ = 0;
  std::optional<Error> failure_;  // for good
  std::atomic<bool> is_aborted_ = false;
};

class GlooFactory final : public CollectiveFactory {
 public:
  explicit GlooFactory(GlooOptions options)
      : options_(std::move(options)), cancelled_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    UNMASK_CHECK(cancelled_.is_open());
    std::signal(SIGPIPE, SIG_IGN);
  }

  Result<Bytes> prepare(Epoch epoch, int rank, int size) override {
    mesh_.reset();
    eventfd_t before = 0;
    ::eventfd_read(cancelled_.get(), &before);
    Result<std::unique_ptr<Mesh>> mesh = Mesh::listen(options_.place, epoch, rank, size);
    if (!mesh) return mesh.error();
    mesh_ = std::move(*mesh);
    return mesh_->address();
  }

  Result<std::unique_ptr<Collective>> connect(const std::vector<Bytes>& addresses,
                                              std::chrono::milliseconds timeout) override {
    UNMASK_CHECK(mesh_ != nullptr);
    const std::unique_ptr<Mesh> mesh = std::move(mesh_);
    Result<std::vector<Descriptor>> sockets = mesh->connect(addresses, timeout, cancelled_);
    if (!sockets) return sockets.error();
    try {
      return std::make_unique<GlooCollective>(mesh->rank(), std::move(*sockets), options_.timeout);
    } catch (const std::exception& error) {
      return unavailable(std::string("Gloo: ") + error.what());
    }
  }

  void abort() override { ::eventfd_write(cancelled_.get(), 1); }

 private:
  const GlooOptions options_;
  const Descriptor cancelled_;  // readable: connect() shall fail, until prepare()
  std::unique_ptr<Mesh> mesh_;
};

}  // namespace

std::unique_ptr<CollectiveFactory> make_gloo_collectives(GlooOptions options) {
  return std::make_unique<GlooFactory>(std::move(options));
}

}  // namespace unmask::rpc
