#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <optional>
#include <set>
#include <string_view>

#include "rpc/http/http_limits.h"
#include "rpc/http/http_message.h"
#include "rpc/http/http_routes.h"
#include "runtime/actor/task.h"
#include "runtime/os/asio_timers.h"

namespace unmask::rpc {

class HttpConnection;

/// What the connections of one server share.
struct HttpService {
  HttpService(EventLoop& loop, const HttpLimits& http_limits) : limits(http_limits), timers(loop) {}

  const HttpLimits limits;
  HttpRoutes routes;
  std::function<HttpResponse(HttpResponse)> dress;  // of refusals; may be none
  AsioTimers timers;
  std::set<HttpConnection*> connections;
  std::size_t num_late = 0;  // answers that are not sent yet
  bool is_over = false;      // no handler is called any more
};

/// One client: answers its requests, one after the other.
///
/// Invariant  at most one deadline is armed; when it passes, the wait in progress ends
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  HttpConnection(Socket socket, std::shared_ptr<HttpService> service);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  /// Until the client leaves, is refused, or close(). Keep the connection alive meanwhile.
  Task<> serve();
  void close();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  /// The answer to what comes next; nothing if the client is gone, or `reply_` will have it.
  Task<std::optional<HttpResponse>> answer_next();
  /// The rest, for a head that was read.
  Task<std::optional<HttpResponse>> answer(Parser& parser);
  [[nodiscard]] HttpRequest request_of(const Parser& parser);
  [[nodiscard]] HttpResponse refusal(HttpResponse response);
  std::optional<HttpResponse> call(const HttpRoute& route, HttpRequest request);
  /// Reads a head and parses it. Nothing: it is good, or the client is gone.
  Task<std::optional<HttpResponse>> read_head(Parser& parser);
  Task<std::optional<HttpResponse>> read_body(Parser& parser);
  std::optional<HttpResponse> parse_head(Parser& parser, std::size_t size);
  /// Adds what has come to received_. False: nothing came, see is_late_.
  Task<bool> receive(std::size_t max_bytes);
  Task<> send_continue();
  Task<> send(HttpResponse response);
  /// The answer of `reply_`, as it comes.
  Task<> send_late(HttpReply& reply);
  Task<> send_pieces(HttpReply& reply);
  Task<> send_bytes(std::string bytes);
  /// Until there is something of it, the client leaves, or, if that is above 0, the time is over.
  Task<> wait_for(const HttpReply& reply, std::chrono::milliseconds timeout);
  void wake();
  /// Reads on for a moment: closing on unread bytes would take the answer back.
  Task<> linger();

  void clear_deadline();
  void set_deadline(std::chrono::milliseconds timeout);
  [[nodiscard]] std::string_view received() const;

  Socket socket_;
  const std::shared_ptr<HttpService> service_;
  boost::beast::flat_buffer received_;  // not parsed yet; at most a head
  const std::string client_;            // its address
  std::shared_ptr<HttpReply> reply_;    // of a request whose answer comes later
  std::string request_id_;              // of the request in progress
  TimerId deadline_ = 0;
  unsigned version_ = 11;    // of the request in progress, as Beast counts
  bool is_head_ = false;     // its method: the answer has no body
  bool is_kept_ = true;      // another request may follow
  bool is_late_ = false;     // the deadline has passed
  bool is_gone_ = false;     // nobody reads an answer
  bool is_waiting_ = false;  // for the answer, and for the client to leave
};

}  // namespace unmask::rpc
