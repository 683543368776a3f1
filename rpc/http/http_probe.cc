#include "rpc/http/http_probe.h"

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "runtime/os/numeric_host.h"

namespace unmask::rpc {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

}  // namespace

/// Lives as long as something of it is under way; end() calls back once.
class HttpProbe::Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(EventLoop& loop, Timers& timers, const Question& question,
           std::function<void(bool is_alive)> on_end)
      : loop_(loop),
        timers_(timers),
        socket_(loop.context()),
        request_("GET " + question.path + " HTTP/1.1\r\nHost: " + question.address.to_string() +
                 "\r\nConnection: close\r\n\r\n"),
        on_end_(std::move(on_end)) {}

  void start(const HostPort& address, Duration timeout) {
    timer_ = timers_.after(timeout, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->end(false);
    });
    const Result<std::string> host = numeric_host(address.host);
    error_code error;
    const auto ip = asio::ip::make_address(host ? *host : address.host, error);
    if (error) {  // it is nothing that the server did
      return loop_.post([self = shared_from_this()] { self->end(true); });
    }
    socket_.async_connect({ip, address.port}, [self = shared_from_this()](error_code failed) {
      failed ? self->end(true) : self->ask();
    });
  }

  void cancel() {
    on_end_ = nullptr;
    timers_.cancel(timer_);
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  void ask() {
    asio::async_write(socket_, asio::buffer(request_),
                      [self = shared_from_this()](error_code failed, std::size_t /*num_bytes*/) {
                        failed ? self->end(true) : self->listen();
                      });
  }

  void listen() {
    const auto heard = [self = shared_from_this()](error_code /*end of it*/,
                                                   std::size_t /*num_bytes*/) { self->end(true); };
    socket_.async_read_some(asio::buffer(byte_), heard);
  }

  void end(bool is_alive) {
    const auto on_end = std::exchange(on_end_, nullptr);
    if (!on_end) return;
    cancel();
    on_end(is_alive);
  }

  EventLoop& loop_;
  Timers& timers_;
  tcp::socket socket_;
  const std::string request_;
  std::array<char, 1> byte_{};
  TimerId timer_ = 0;
  std::function<void(bool is_alive)> on_end_;
};

HttpProbe::HttpProbe(EventLoop& loop, Timers& timers, const Question& question,
                     std::function<void(bool is_alive)> on_end)
    : exchange_(std::make_shared<Exchange>(loop, timers, question, std::move(on_end))) {
  exchange_->start(question.address, question.timeout);
}

HttpProbe::~HttpProbe() { exchange_->cancel(); }

}  // namespace unmask::rpc
