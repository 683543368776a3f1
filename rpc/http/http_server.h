#pragma once

#include <functional>
#include <memory>
#include <string>

#include "rpc/http/http_limits.h"
#include "rpc/http/http_message.h"
#include "rpc/http/http_routes.h"
#include "runtime/base/result.h"
#include "runtime/os/event_loop.h"
#include "runtime/os/host_port.h"

namespace unmask::rpc {

/// A small HTTP/1.1 server on the control thread: answers known at once, later, or piece by piece.
///
/// Whatever a client sends, it gets an answer that says what is wrong, or is cut off; what it may
/// use is bounded by Options. Control thread only; the loop outlives it.
class HttpServer {
 public:
  using Options = HttpLimits;
  using Handler = HttpHandler;

  /// Answers from the next turn of the loop on. Port 0: any free one.
  /// Errors: kUnavailable naming the address and why it cannot be had.
  static Result<std::unique_ptr<HttpServer>> listen(EventLoop& loop, const Options& options,
                                                    const HostPort& address);
  /// Cuts every client off; no handler is called any more.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Each method of a path once, as of HttpRoutes. A path with GET has HEAD; others than those here
  /// are answered 404 and 405.
  void route(const std::string& method, const std::string& path, HttpRoute route);

  /// What this server itself refuses goes through `dress`, which may say it in another form.
  void dress_refusals(std::function<HttpResponse(HttpResponse)> dress);

  /// Every answer that came later has been sent.
  [[nodiscard]] bool is_quiet() const;

  /// With the port as bound.
  [[nodiscard]] const HostPort& address() const { return address_; }

 private:
  class Acceptor;
  HttpServer(std::shared_ptr<Acceptor> acceptor, HostPort address);

  const std::shared_ptr<Acceptor> acceptor_;
  const HostPort address_;
};

}  // namespace unmask::rpc
