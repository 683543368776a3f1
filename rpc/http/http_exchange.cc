#include "rpc/http/http_exchange.h"

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

#include "runtime/os/numeric_host.h"

namespace unmask::rpc {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

std::string bytes_of(const HttpExchange::Question& question) {
  std::string text = question.method + " " + question.path +
                     " HTTP/1.1\r\nHost: " + question.address.to_string() +
                     "\r\nConnection: close\r\n";
  for (const auto& [name, value] : question.headers) text += name + ": " + value + "\r\n";
  if (!question.body.empty()) {
    text += "Content-Length: " + std::to_string(question.body.size()) + "\r\n";
  }
  return text + "\r\n" + question.body;
}

}  // namespace

/// Lives as long as something of it is under way; whoever ends it takes events_ away.
class HttpExchange::Open : public std::enable_shared_from_this<Open> {
 public:
  Open(EventLoop& loop, Timers& timers, const Question& question, Events events)
      : loop_(loop),
        timers_(timers),
        name_(question.address.to_string()),
        max_silence_(question.max_silence),
        request_(bytes_of(question)),
        events_(std::make_shared<const Events>(std::move(events))),
        socket_(loop.context()) {
    parser_.body_limit(question.max_body_bytes);
  }

  void start(const HostPort& address) {
    wait_for_a_sign();
    const Result<std::string> host = numeric_host(address.host);
    if (!host) {
      return loop_.post(
          [self = shared_from_this(), why = host.error().message] { self->end(why); });
    }
    error_code error;
    const auto ip = asio::ip::make_address(*host, error);
    socket_.async_connect({ip, address.port}, [self = shared_from_this()](error_code failed) {
      failed ? self->end("it does not take the connection: " + failed.message()) : self->ask();
    });
  }

  void cancel() {
    events_.reset();
    timers_.cancel(timer_);
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  void wait_for_a_sign() {
    timers_.cancel(timer_);
    timer_ = timers_.after(max_silence_, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->end("it said nothing for too long");
    });
  }

  void ask() {
    asio::async_write(socket_, asio::buffer(request_),
                      [self = shared_from_this()](error_code failed, std::size_t /*num_bytes*/) {
                        failed ? self->end(failed.message()) : self->read_head();
                      });
  }

  void read_head() {
    http::async_read_header(
        socket_, received_, parser_,
        [self = shared_from_this()](error_code failed, std::size_t /*num_bytes*/) {
          self->take_head(failed);
        });
  }

  void take_head(error_code failed) {
    if (!events_) return;
    if (failed) return end("it did not answer: " + failed.message());
    const auto events = events_;  // what is called may end this
    if (events->on_head) events->on_head(int(parser_.get().result_int()));
    if (events_) read_body();
  }

  void read_body() {
    if (parser_.is_done()) return end_well();
    wait_for_a_sign();
    parser_.get().body().data = chunk_.data();
    parser_.get().body().size = chunk_.size();
    http::async_read_some(socket_, received_, parser_,
                          [self = shared_from_this()](error_code failed, std::size_t /*of wire*/) {
                            self->take_body(failed);
                          });
  }

  void take_body(error_code failed) {
    const auto events = events_;  // what is called may end this
    if (!events) return;
    const std::size_t num_bytes = chunk_.size() - parser_.get().body().size;
    if (num_bytes > 0 && events->on_body) events->on_body({chunk_.data(), num_bytes});
    if (!events_) return;
    if (failed && failed != http::error::need_buffer) {
      return end("its answer broke off: " + failed.message());
    }
    read_body();
  }

  void end_well() { tell(Result<>()); }
  void end(const std::string& why) { tell(Error{ErrorCode::kUnavailable, name_ + ": " + why}); }

  void tell(const Result<>& result) {
    const auto events = std::move(events_);
    cancel();
    if (events && events->on_end) events->on_end(result);
  }

  EventLoop& loop_;
  Timers& timers_;
  const std::string name_;
  const Duration max_silence_;
  const std::string request_;
  std::shared_ptr<const Events> events_;  // none: it has ended
  tcp::socket socket_;
  boost::beast::flat_buffer received_;
  http::response_parser<http::buffer_body> parser_;
  std::array<char, 16 * 1024> chunk_{};
  TimerId timer_ = 0;
};

HttpExchange::HttpExchange(EventLoop& loop, Timers& timers, const Question& question, Events events)
    : open_(std::make_shared<Open>(loop, timers, question, std::move(events))) {
  open_->start(question.address);
}

HttpExchange::~HttpExchange() { open_->cancel(); }

}  // namespace unmask::rpc
