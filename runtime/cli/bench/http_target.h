#pragma once

#include <map>
#include <memory>
#include <string>

#include "rpc/http/http_exchange.h"
#include "runtime/actor/timers.h"
#include "runtime/cli/bench/load_target.h"
#include "runtime/os/event_loop.h"
#include "runtime/os/host_port.h"

namespace unmask::cli {

/// `http://host:port[/path]`, of which a /v1 at the end may be left out.
struct HttpEndpoint {
  HostPort address;
  std::string path;  ///< of chat completions
};
/// Errors  kInvalidArgument, quoting the text; https is none, for there is no TLS here
[[nodiscard]] Result<HttpEndpoint> parse_http_endpoint(const std::string& text);

/// A server of OpenAI's chat completions, with a connection for each request.
class HttpTarget final : public LoadTarget {
 public:
  /// api_key: empty: none. The loop and the timers outlive this.
  HttpTarget(EventLoop& loop, Timers& timers, HttpEndpoint endpoint, std::string api_key);
  ~HttpTarget() override;

  void begin(const actors::Submit& job, RequestEvents events) override;
  void cancel(JobId job) override;

 private:
  struct Exchange;

  [[nodiscard]] rpc::HttpExchange::Question question_with(std::string body) const;
  void end(JobId job, const RequestEnd& end);

  EventLoop& loop_;
  Timers& timers_;
  const HttpEndpoint endpoint_;
  const std::string api_key_;
  std::map<JobId, std::unique_ptr<Exchange>> exchanges_;
};

}  // namespace unmask::cli
