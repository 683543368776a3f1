#include "runtime/cli/top/top_watch.h"

#include <utility>

namespace unmask::cli {
namespace {

constexpr std::chrono::seconds kMaxTopSilence{3};  // of a gateway that is there
constexpr std::chrono::seconds kMetricsTimeout{2};
constexpr std::string_view kHttpScheme = "http://";

}  // namespace

TopWatch::TopWatch(EventLoop& loop, const Clock& clock, Timers& timers, Options options,
                   Events events)
    : loop_(loop),
      clock_(clock),
      timers_(timers),
      options_(std::move(options)),
      events_(std::move(events)) {}

TopWatch::~TopWatch() {
  timers_.cancel(timer_);
  timers_.cancel(silence_);
}

Result<> TopWatch::start() {
  const Result<> connected = connect();
  if (connected) ask();
  return connected;
}

Result<> TopWatch::connect() {
  connection_.reset();
  auto connection = rpc::ClientConnection::open(loop_, options_.gateway);
  if (!connection) return connection.error();
  connection_ = std::move(*connection);
  return {};
}

void TopWatch::ask() {
  next_ = {};
  timers_.cancel(silence_);
  silence_ = timers_.after(kMaxTopSilence, [this] {
    lose({ErrorCode::kUnavailable, "the gateway does not answer"});
  });
  connection_->client().status([this](const Result<actors::ClusterStatus>& status) {
    if (!status) return lose(status.error());
    next_.status = *status;
    ask_for_jobs();
  });
}

void TopWatch::ask_for_jobs() {
  connection_->client().list([this](const Result<actors::JobList>& jobs) {
    if (!jobs) return lose(jobs.error());
    next_.jobs = *jobs;
    timers_.cancel(std::exchange(silence_, 0));
    ask_for_metrics();
  });
}

void TopWatch::ask_for_metrics() {
  for (const actors::MemberStatus& member : next_.status.members) {
    const std::string& http = member.process.http;
    if (!http.starts_with(kHttpScheme) || asked_.contains(http)) continue;
    const Result<HostPort> address = parse_host_port(http.substr(kHttpScheme.size()));
    if (!address) continue;
    rpc::HttpExchange::Events events;
    events.on_body = [this, http](std::string_view bytes) { bodies_[http] += bytes; };
    events.on_end = [this, http](const Result<>& end) {
      if (!end) bodies_.erase(http);
      take_metrics(http);
    };
    const rpc::HttpExchange::Question question{
        .address = *address, .path = "/metrics", .max_silence = kMetricsTimeout};
    asked_[http] = std::make_unique<rpc::HttpExchange>(loop_, timers_, question, std::move(events));
  }
  if (asked_.empty()) finish();
}

void TopWatch::take_metrics(const std::string& http) {
  const auto exchange = asked_.extract(http);
  const auto body = bodies_.extract(exchange.key());
  if (body) next_.metrics[body.key()] = parse_metrics(body.mapped());
  if (asked_.empty()) finish();
}

void TopWatch::finish() {
  next_.at = clock_.now();
  if (last_) set_rates(next_, *last_);
  last_ = std::move(next_);
  ask_later();
  events_.on_snapshot(*last_);
}

/// Another connection, from which later answers to this question cannot come.
void TopWatch::lose(const Error& why) {
  timers_.cancel(std::exchange(silence_, 0));
  last_.reset();       // what is counted from there on is no rate
  loop_.post([this] {  // not within the client's own call
    connection_.reset();
    asked_.clear();
    bodies_.clear();
    ask_later();
  });
  events_.on_lost(why);
}

void TopWatch::ask_later() {
  timers_.cancel(timer_);
  timer_ = timers_.after(options_.interval, [this] {
    if (!connection_) {
      if (const Result<> connected = connect(); !connected) return lose(connected.error());
    }
    ask();
  });
}

}  // namespace unmask::cli
