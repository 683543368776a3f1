#include "rpc/http/http_server.h"

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <exception>
#include <utility>

#include "rpc/http/http_connection.h"
#include "rpc/http/request_head.h"
#include "runtime/os/numeric_host.h"

namespace unmask::rpc {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kAcceptRetry{100};
std::string full_answer(const HttpService& service) {
  HttpResponse full = rejection(503, "there are too many connections");
  if (service.dress) full = service.dress(std::move(full));
  return "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: "
         "1\r\nContent-Type: " +
         full.content_type + "\r\nContent-Length: " + std::to_string(full.body.size()) +
         "\r\n\r\n" + full.body;
}

/// Without waiting: a fresh socket takes these few bytes, and who sends too many is not owed more.
void refuse(tcp::socket socket, const std::string& answer) {
  error_code ignored;
  socket.non_blocking(true, ignored);
  std::array<char, 4096> unread{};  // closing on unread bytes would take the answer back
  socket.read_some(asio::buffer(unread), ignored);
  socket.write_some(asio::buffer(answer), ignored);
}

}  // namespace

/// Takes connections until it is closed.
class HttpServer::Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  Acceptor(EventLoop& loop, const Options& options)
      : service_(std::make_shared<HttpService>(loop, options)),
        context_(loop.context()),
        acceptor_(context_) {}

  /// Errors  why it cannot listen there
  Result<> open(const HostPort& address) {
    const Result<std::string> host = numeric_host(address.host);
    if (!host) return host.error();
    error_code error;
    const tcp::endpoint endpoint(asio::ip::make_address(*host, error), address.port);
    if (!error) acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
    if (error) return Error{ErrorCode::kUnavailable, error.message()};
    return {};
  }

  void accept() {
    acceptor_.async_accept([self = shared_from_this()](error_code error, tcp::socket socket) {
      self->accepted(error, std::move(socket));
    });
  }

  void close() {
    service_->is_over = true;
    error_code ignored;
    acceptor_.close(ignored);
    for (HttpConnection* connection : service_->connections) connection->close();
  }

  [[nodiscard]] HttpService& service() { return *service_; }
  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  void accepted(error_code error, tcp::socket socket) {
    if (service_->is_over) return;
    if (error) {  // no descriptor is left, say: the same would come back at once
      service_->timers.after(kAcceptRetry, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->accept();
      });
      return;
    }
    if (service_->connections.size() >= service_->limits.max_connections) {
      refuse(std::move(socket), full_answer(*service_));
    } else {
      serve(std::move(socket));
    }
    accept();
  }

  void serve(tcp::socket socket) {
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    const auto connection = std::make_shared<HttpConnection>(std::move(socket), service_);
    asio::co_spawn(context_, connection->serve(), [connection](const std::exception_ptr& bug) {
      if (bug) std::rethrow_exception(bug);
    });
  }

  const std::shared_ptr<HttpService> service_;
  asio::io_context& context_;
  tcp::acceptor acceptor_;
};

Result<std::unique_ptr<HttpServer>> HttpServer::listen(EventLoop& loop, const Options& options,
                                                       const HostPort& address) {
  const auto acceptor = std::make_shared<Acceptor>(loop, options);
  if (const Result<> opened = acceptor->open(address); !opened) {
    return Error{ErrorCode::kUnavailable,
                 "cannot listen on " + address.to_string() + ": " + opened.error().message};
  }
  acceptor->accept();
  const HostPort bound{address.host, acceptor->port()};
  return std::unique_ptr<HttpServer>(new HttpServer(acceptor, bound));
}

HttpServer::HttpServer(std::shared_ptr<Acceptor> acceptor, HostPort address)
    : acceptor_(std::move(acceptor)), address_(std::move(address)) {}

HttpServer::~HttpServer() { acceptor_->close(); }

void HttpServer::route(const std::string& method, const std::string& path, HttpRoute route) {
  acceptor_->service().routes.add(method, path, std::move(route));
}

bool HttpServer::is_quiet() const { return acceptor_->service().num_late == 0; }

void HttpServer::dress_refusals(std::function<HttpResponse(HttpResponse)> dress) {
  acceptor_->service().dress = std::move(dress);
}

}  // namespace unmask::rpc
