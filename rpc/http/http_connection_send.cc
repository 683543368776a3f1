/// How a connection sends its answers.

#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/write.hpp>
#include <charconv>
#include <utility>

#include "rpc/http/http_connection.h"

namespace unmask::rpc {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr std::size_t kMaxLingerBytes = 4 << 20;
constexpr std::chrono::milliseconds kLingerTimeout{1000};
constexpr std::string_view kRetryAfterSeconds = "1";
constexpr std::size_t kPieceBytes = 64 << 10;  // has write_timeout to go out
constexpr std::string_view kLastChunk = "0\r\n\r\n";
constexpr std::string_view kComment = ": keep-alive\n\n";

template <typename Message>
void set_head(Message& message, const HttpResponse& response, unsigned version,
              const std::string& request_id) {
  message.version(version);
  message.result(unsigned(response.status));
  message.set(http::field::content_type, response.content_type);
  message.set("X-Content-Type-Options", "nosniff");
  if (!request_id.empty()) message.set("X-Request-Id", request_id);
  if (response.status == 503 || response.status == 429)
    message.set(http::field::retry_after, kRetryAfterSeconds);
  for (const auto& [name, value] : response.fields) message.set(name, value);
}

std::string chunk_of(const std::string& piece) {
  std::array<char, 16> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), piece.size(), 16).ptr;
  return std::string(digits.data(), end) + "\r\n" + piece + "\r\n";
}

}  // namespace

Task<> HttpConnection::send(HttpResponse response) {
  set_deadline(service_->limits.write_timeout);
  http::response<http::string_body> message;
  set_head(message, response, version_, request_id_);
  message.body() = std::move(response.body);
  message.keep_alive(is_kept_);
  message.prepare_payload();

  http::response_serializer<http::string_body> serializer(message);
  boost::system::error_code error;
  if (is_head_) {
    co_await http::async_write_header(socket_, serializer,
                                      asio::redirect_error(asio::use_awaitable, error));
  } else {
    co_await http::async_write(socket_, serializer,
                               asio::redirect_error(asio::use_awaitable, error));
  }
  if (error || is_late_) is_gone_ = true;
}

Task<> HttpConnection::send_late(HttpReply& reply) {
  constexpr std::chrono::milliseconds kForEver{0};
  co_await wait_for(reply, kForEver);
  std::optional<HttpResponse> head = reply.take_head();
  if (head && !is_gone_ && !reply.is_stream()) {
    co_await send(std::move(*head));
  } else if (head && !is_gone_) {
    if (version_ < 11) is_kept_ = false;  // its end is the connection's
    set_deadline(service_->limits.write_timeout);
    http::response<http::empty_body> message;
    set_head(message, *head, version_, request_id_);
    message.set(http::field::cache_control, "no-cache");
    message.keep_alive(is_kept_);
    if (version_ >= 11) message.chunked(true);
    http::response_serializer<http::empty_body> serializer(message);
    boost::system::error_code error;
    co_await http::async_write_header(socket_, serializer,
                                      asio::redirect_error(asio::use_awaitable, error));
    if (error || is_late_) is_gone_ = true;
    co_await send_pieces(reply);
  } else {
    is_gone_ = true;  // cut off before it began
  }
  reply.close(is_gone_ && !service_->is_over);
}

Task<> HttpConnection::send_pieces(HttpReply& reply) {
  while (!is_gone_ && !reply.is_over()) {
    std::string piece = reply.take(kPieceBytes);
    if (piece.empty()) {
      const std::chrono::milliseconds timeout =
          reply.has_events() ? service_->limits.keep_alive : std::chrono::milliseconds(0);
      co_await wait_for(reply, timeout);
      if (is_late_ && !reply.has_news()) piece = kComment;
    }
    if (!piece.empty() && !is_head_) {
      if (version_ >= 11) piece = chunk_of(piece);
      co_await send_bytes(std::move(piece));
    }
  }
  if (reply.is_cut_off()) is_gone_ = true;
  if (is_gone_ || is_head_ || version_ < 11) co_return;
  std::string last(kLastChunk);
  co_await send_bytes(std::move(last));
}

Task<> HttpConnection::send_bytes(std::string bytes) {
  set_deadline(service_->limits.write_timeout);
  boost::system::error_code error;
  co_await asio::async_write(socket_, asio::buffer(bytes),
                             asio::redirect_error(asio::use_awaitable, error));
  if (error || is_late_) is_gone_ = true;
}

/// What a client sends meanwhile is its next request; a client that ends its side has left.
Task<> HttpConnection::wait_for(const HttpReply& reply, std::chrono::milliseconds timeout) {
  clear_deadline();
  if (timeout.count() > 0) set_deadline(timeout);
  while (!reply.has_news() && !is_gone_ && !is_late_) {
    const bool has_room = received_.size() < received_.max_size();
    boost::system::error_code error;
    is_waiting_ = true;
    co_await socket_.async_wait(has_room ? Socket::wait_read : Socket::wait_error,
                                asio::redirect_error(asio::use_awaitable, error));
    is_waiting_ = false;
    if (error == asio::error::operation_aborted) continue;
    if (error || !has_room) {
      is_gone_ = true;
    } else {
      const bool has_more = co_await receive(received_.max_size() - received_.size());
      if (!has_more && !is_late_) is_gone_ = true;
    }
  }
}

void HttpConnection::wake() {
  boost::system::error_code ignored;
  if (is_waiting_) socket_.cancel(ignored);
}

Task<> HttpConnection::linger() {
  boost::system::error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  set_deadline(kLingerTimeout);
  std::size_t num_dropped = 0;
  do {
    num_dropped += received_.size();
    received_.clear();
  } while (num_dropped < kMaxLingerBytes && co_await receive(received_.max_size()));
}

}  // namespace unmask::rpc
