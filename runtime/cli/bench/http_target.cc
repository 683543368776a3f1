#include "runtime/cli/bench/http_target.h"

#include <algorithm>
#include <utility>

#include "rpc/http/event_stream.h"
#include "runtime/cli/bench/http_body.h"

namespace unmask::cli {
namespace {

constexpr std::chrono::minutes kMaxSilence{10};
constexpr std::size_t kMaxErrorBytes = 64 * 1024;

}  // namespace

struct HttpTarget::Exchange {
  RequestEvents events;
  int status = 0;
  std::string error_body{};  // of an answer that is no stream
  rpc::EventStream stream{};
  ChatStream chat{};
  std::unique_ptr<rpc::HttpExchange> request{};
};

Result<HttpEndpoint> parse_http_endpoint(const std::string& text) {
  constexpr std::string_view kScheme = "http://";
  if (text.starts_with("https://")) {
    return invalid("'" + text + "': there is no TLS here; bench measures a server's own http://");
  }
  if (!text.starts_with(kScheme)) return invalid("'" + text + "' is no http://HOST:PORT");
  std::string rest = text.substr(kScheme.size());
  while (rest.ends_with('/')) rest.pop_back();
  if (rest.ends_with("/v1")) rest.resize(rest.size() - 3);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const Result<HostPort> address = parse_host_port(rest.substr(0, slash));
  if (!address) return address.error();
  return HttpEndpoint{*address, rest.substr(slash) + "/v1/chat/completions"};
}

HttpTarget::HttpTarget(EventLoop& loop, Timers& timers, HttpEndpoint endpoint, std::string api_key)
    : loop_(loop), timers_(timers), endpoint_(std::move(endpoint)), api_key_(std::move(api_key)) {}

HttpTarget::~HttpTarget() = default;

void HttpTarget::begin(const actors::Submit& job, RequestEvents events) {
  const JobId id = job.job;
  Result<std::string> body = chat_body_of(job);
  auto& exchange = *(exchanges_[id] = std::make_unique<Exchange>(Exchange{std::move(events)}));
  if (!body) {
    timers_.after(
        {}, [this, id, error = body.error()] { end(id, RequestEnd{.failure = error.message}); });
    return;
  }
  rpc::HttpExchange::Events heard;
  heard.on_head = [&exchange](int status) { exchange.status = status; };
  heard.on_body = [&exchange](std::string_view bytes) {
    if (exchange.status != 200) {
      exchange.error_body += bytes.substr(0, kMaxErrorBytes - exchange.error_body.size());
      return;
    }
    exchange.stream.append(bytes, [&exchange](const rpc::ServerEvent& event) {
      if (exchange.chat.take(event.data)) exchange.events.on_block(0);
    });
  };
  heard.on_end = [this, id, &exchange](const Result<>& ended) {
    RequestEnd result = exchange.chat.end();
    if (!ended) {
      result.failure = ended.error().message;
    } else if (exchange.status != 200) {
      result.failure = error_of_answer(exchange.status, exchange.error_body);
    }
    end(id, result);
  };
  exchange.request = std::make_unique<rpc::HttpExchange>(
      loop_, timers_, question_with(std::move(*body)), std::move(heard));
}

rpc::HttpExchange::Question HttpTarget::question_with(std::string body) const {
  rpc::HttpExchange::Question question{.address = endpoint_.address,
                                       .method = "POST",
                                       .path = endpoint_.path,
                                       .body = std::move(body),
                                       .max_silence = kMaxSilence};
  question.headers = {{"Content-Type", "application/json"}, {"Accept", "text/event-stream"}};
  if (!api_key_.empty()) question.headers.emplace_back("Authorization", "Bearer " + api_key_);
  return question;
}

void HttpTarget::cancel(JobId job) {
  const auto found = exchanges_.find(job);
  if (found == exchanges_.end()) return;
  found->second->request.reset();  // a server ends the job of a client that left
  timers_.after({}, [this, job] { end(job, RequestEnd{.failure = "cancelled"}); });
}

void HttpTarget::end(JobId job, const RequestEnd& end) {
  const auto exchange = exchanges_.extract(job);
  if (exchange) exchange.mapped()->events.on_end(end);
}

}  // namespace unmask::cli
