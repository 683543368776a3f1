#include "rpc/http/http_connection.h"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <exception>
#include <span>
#include <utility>

#include "rpc/http/request_head.h"
#include "runtime/base/hex.h"
#include "runtime/base/random.h"

namespace unmask::rpc {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using std::chrono::milliseconds;

constexpr std::size_t kReadBytes = 4 << 10;
constexpr std::size_t kMaxRequestIdBytes = 128;

/// Beast's names for what a client may send; everything else means that it is gone.
std::optional<HttpResponse> reject_parse(const boost::system::error_code& error) {
  if (error == http::error::body_limit) return rejection(413, "the body is too long");
  if (error == http::error::header_limit) return rejection(431, "the head is too long");
  if (error == http::error::end_of_stream || error == http::error::partial_message) return {};
  if (error.category() != make_error_code(http::error::bad_method).category()) return {};
  return rejection(400, "no HTTP: " + error.message());
}

/// What a client may call its request: short, and nothing that could end a field.
bool is_request_id(std::string_view text) {
  const auto is_graphic = [](char c) { return c > ' ' && c < 0x7f; };
  return !text.empty() && text.size() <= kMaxRequestIdBytes &&
         std::ranges::all_of(text, is_graphic);
}

std::string random_request_id() {
  JobId id;
  fill_randomly(std::as_writable_bytes(std::span(id.bytes)));
  return to_hex(id);
}

std::string address_of(const HttpConnection::Socket& socket) {
  boost::system::error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  return error ? "" : endpoint.address().to_string();
}

}  // namespace

HttpConnection::HttpConnection(Socket socket, std::shared_ptr<HttpService> service)
    : socket_(std::move(socket)),
      service_(std::move(service)),
      received_(service_->limits.max_head_bytes),
      client_(address_of(socket_)) {
  service_->connections.insert(this);
}

HttpConnection::~HttpConnection() {
  service_->timers.cancel(deadline_);
  service_->connections.erase(this);
}

void HttpConnection::close() {
  is_gone_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
}

Task<> HttpConnection::serve() {
  for (bool is_first = true; is_kept_ && !is_gone_; is_first = false) {
    const HttpLimits& limits = service_->limits;
    set_deadline(is_first || received_.size() > 0 ? limits.head_timeout : limits.idle_timeout);
    std::optional<HttpResponse> response = co_await answer_next();
    const std::shared_ptr<HttpReply> reply = std::exchange(reply_, nullptr);
    if (reply) {
      ++service_->num_late;
      co_await send_late(*reply);
      --service_->num_late;
    } else if (response && !is_gone_) {
      co_await send(std::move(*response));
    } else {
      co_return;
    }
  }
  if (!is_gone_) co_await linger();
}

Task<std::optional<HttpResponse>> HttpConnection::answer_next() {
  is_kept_ = is_head_ = false;
  version_ = 11;
  request_id_.clear();
  Parser parser;
  parser.header_limit(std::uint32_t(service_->limits.max_head_bytes));
  parser.body_limit(service_->limits.max_body_bytes);
  std::optional<HttpResponse> refused = co_await read_head(parser);
  if (is_gone_) co_return std::nullopt;
  if (refused) co_return refusal(std::move(*refused));
  HttpRequest request = request_of(parser);
  is_head_ = request.method == "HEAD";
  version_ = parser.get().version();
  const bool is_kept = parser.keep_alive();

  auto found = service_->routes.find(request.method, request.path);
  if (auto* nowhere = std::get_if<HttpResponse>(&found)) co_return refusal(std::move(*nowhere));
  refused = co_await read_body(parser);
  if (is_gone_) co_return std::nullopt;
  if (refused) co_return refusal(std::move(*refused));
  request.body = std::move(parser.get().body());
  is_kept_ = is_kept;
  co_return call(*std::get<const HttpRoute*>(found), std::move(request));
}

HttpRequest HttpConnection::request_of(const Parser& parser) {
  HttpRequest request;
  request.method = std::string(parser.get().method_string());
  const std::string_view target(parser.get().target().data(), parser.get().target().size());
  request.path = target.substr(0, target.find('?'));
  if (request.path.size() < target.size()) request.query = target.substr(request.path.size() + 1);
  request.authorization = std::string(parser.get()[http::field::authorization]);
  request.origin = std::string(parser.get()[http::field::origin]);
  request.host = std::string(parser.get()[http::field::host]);
  request.accept_encoding = std::string(parser.get()[http::field::accept_encoding]);
  request.if_none_match = std::string(parser.get()[http::field::if_none_match]);
  request.client = client_;
  request_id_ = std::string(parser.get()["X-Request-Id"]);
  request.has_own_id = is_request_id(request_id_);
  if (!request.has_own_id) request_id_ = random_request_id();
  request.id = request_id_;
  return request;
}

HttpResponse HttpConnection::refusal(HttpResponse response) {
  if (!service_->dress) return response;
  // Of a request whose head was not read.
  if (request_id_.empty()) request_id_ = random_request_id();
  return service_->dress(std::move(response));
}

std::optional<HttpResponse> HttpConnection::call(const HttpRoute& route, HttpRequest request) {
  try {
    if (const auto* handler = std::get_if<HttpHandler>(&route)) return (*handler)(request);
    reply_ =
        std::make_shared<HttpReply>(service_->limits.max_unsent_bytes, [weak = weak_from_this()] {
          if (const auto self = weak.lock()) self->wake();
        });
    std::get<HttpLateHandler>(route)(std::move(request), reply_);
    return std::nullopt;
  } catch (const std::exception& error) {
    if (reply_) reply_->close(false);
    reply_.reset();
    return refusal(rejection(500, std::string("the handler failed: ") + error.what()));
  }
}

Task<std::optional<HttpResponse>> HttpConnection::read_head(Parser& parser) {
  const HttpLimits& limits = service_->limits;
  HeadScanner scanner;
  for (;;) {
    switch (scanner.scan(received())) {
      case HeadScanner::State::kMalformed:
        co_return rejection(400, "the head has a control character or a bare line end");
      case HeadScanner::State::kComplete:
        co_return parse_head(parser, scanner.size());
      case HeadScanner::State::kIncomplete:
        break;
    }
    const std::size_t num_received = received_.size();
    if (num_received == limits.max_head_bytes) {
      co_return rejection(
          431, "the head is longer than " + std::to_string(limits.max_head_bytes) + " bytes");
    }
    const bool has_more = co_await receive(limits.max_head_bytes - num_received);
    if (!has_more) {
      if (!is_late_ || num_received == 0) is_gone_ = true;
      co_return rejection(408, "the head did not come in time");
    }
    if (num_received == 0) set_deadline(limits.head_timeout);
  }
}

std::optional<HttpResponse> HttpConnection::parse_head(Parser& parser, std::size_t size) {
  auto refused = reject_head(received().substr(0, size), service_->limits);
  if (refused) return refused;
  boost::system::error_code error;
  received_.consume(parser.put(asio::buffer(received_.data(), size), error));
  if (error) return reject_parse(error);
  return std::nullopt;
}

Task<std::optional<HttpResponse>> HttpConnection::read_body(Parser& parser) {
  if (parser.is_done()) co_return std::nullopt;
  set_deadline(service_->limits.body_timeout);
  if (parser.get().find(http::field::expect) != parser.get().end()) co_await send_continue();
  boost::system::error_code error;
  co_await http::async_read(socket_, received_, parser,
                            asio::redirect_error(asio::use_awaitable, error));
  if (is_late_) co_return rejection(408, "the body did not come in time");
  if (!error) co_return std::nullopt;
  std::optional<HttpResponse> refused = reject_parse(error);
  is_gone_ = !refused;
  co_return refused;
}

Task<> HttpConnection::send_continue() {
  constexpr std::string_view kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";
  boost::system::error_code ignored;  // the read that follows sees it too
  co_await asio::async_write(socket_, asio::buffer(kGoOn),
                             asio::redirect_error(asio::use_awaitable, ignored));
}

Task<bool> HttpConnection::receive(std::size_t max_bytes) {
  boost::system::error_code error;
  const auto room = received_.prepare(std::min(kReadBytes, max_bytes));
  const std::size_t num_bytes =
      co_await socket_.async_read_some(room, asio::redirect_error(asio::use_awaitable, error));
  received_.commit(num_bytes);
  co_return !error && !is_late_ && !service_->is_over;
}

void HttpConnection::clear_deadline() {
  is_late_ = false;
  service_->timers.cancel(deadline_);
}

void HttpConnection::set_deadline(milliseconds timeout) {
  clear_deadline();
  deadline_ = service_->timers.after(timeout, [this] {
    is_late_ = true;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
  });
}

std::string_view HttpConnection::received() const {
  return {static_cast<const char*>(received_.data().data()), received_.size()};
}

}  // namespace unmask::rpc
