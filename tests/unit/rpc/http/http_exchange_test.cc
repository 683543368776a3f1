#include "rpc/http/http_exchange.h"

#include <gmock/gmock.h>

#include <optional>

#include "runtime/simulation/virtual_timers.h"
#include "tests/unit/rpc/http/served.h"
#include "tests/unit/rpc/http/silent_server.h"

namespace unmask::rpc {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class HttpExchangeTest : public testing::Test {
 protected:
  HttpExchange::Question question(std::uint16_t port) {
    return {.address = {"127.0.0.1", port}, .path = "/it", .max_silence = 3s};
  }
  void ask(const HttpExchange::Question& question) {
    HttpExchange::Events events;
    events.on_head = [this](int status) { status_ = status; };
    events.on_body = [this](std::string_view bytes) { body_ += bytes; };
    events.on_end = [this](const Result<>& end) {
      EXPECT_FALSE(end_) << "it is told once";
      end_ = end;
      exchange_.reset();
    };
    exchange_ = std::make_unique<HttpExchange>(loop_, timers_, question, std::move(events));
    EXPECT_FALSE(end_) << "not within the call";
  }
  void wait() {
    loop_.run_until([this] { return end_.has_value(); });
  }

  VirtualClock clock_;
  EventQueue events_{clock_, 1};
  VirtualTimers timers_{events_};
  EventLoop loop_;
  int status_ = 0;
  std::string body_;
  std::optional<Result<>> end_;
  std::unique_ptr<HttpExchange> exchange_;
};

TEST_F(HttpExchangeTest, SendsABodyAndFieldsAndHearsTheAnswer) {
  Served served;
  served.route("POST", "/it", [](const HttpRequest& request) {
    return HttpResponse{.status = 201, .body = request.body + " by " + request.authorization};
  });
  HttpExchange::Question it = question(served.port());
  it.method = "POST";
  it.headers = {{"Authorization", "Bearer me"}};
  it.body = std::string(100'000, 'x');
  ask(it);
  wait();
  EXPECT_TRUE(*end_) << end_->error().message;
  EXPECT_EQ(status_, 201);
  EXPECT_EQ(body_, it.body + " by Bearer me");
  EXPECT_FALSE(events_.run_next()) << "the timeout is over with it";
}

TEST_F(HttpExchangeTest, HearsAStreamAsItComes) {
  Served served;
  std::shared_ptr<HttpReply> reply;
  served.route("GET", "/it", [&](const HttpRequest& /*request*/, std::shared_ptr<HttpReply> late) {
    reply = std::move(late);
    reply->begin({});
    EXPECT_TRUE(reply->append("one "));
  });
  ask(question(served.port()));
  loop_.run_until([this] { return body_ == "one "; });
  EXPECT_FALSE(end_);
  served.on_loop([&] {
    EXPECT_TRUE(reply->append("two"));
    reply->end();
  });
  wait();
  EXPECT_TRUE(*end_);
  EXPECT_EQ(body_, "one two");
  served.on_loop([&] { reply.reset(); });
}

TEST_F(HttpExchangeTest, AStreamThatIsCutOffIsAnError) {
  Served served;
  served.route("GET", "/it", [](const HttpRequest& /*request*/, std::shared_ptr<HttpReply> reply) {
    reply->begin({});
    EXPECT_TRUE(reply->append("half"));
    reply->cut_off();
  });
  ask(question(served.port()));
  wait();
  ASSERT_FALSE(*end_);
  EXPECT_THAT(end_->error().message, HasSubstr("its answer broke off"));
}

TEST_F(HttpExchangeTest, NobodyThereIsAnErrorThatNamesIt) {
  std::uint16_t port = 0;
  {
    const SilentServer gone;
    port = gone.port();
  }
  ask(question(port));
  wait();
  ASSERT_FALSE(*end_);
  EXPECT_THAT(end_->error().message,
              HasSubstr("127.0.0.1:" + std::to_string(port) + ": it does not take the connection"));
}

TEST_F(HttpExchangeTest, WhoSaysNothingForTooLongIsGivenUp) {
  const SilentServer server;
  ask(question(server.port()));
  loop_.poll();
  EXPECT_FALSE(end_);
  ASSERT_TRUE(events_.run_next());
  EXPECT_EQ(clock_.now(), Time(3s));
  ASSERT_TRUE(end_ && !*end_);
  EXPECT_THAT(end_->error().message, HasSubstr("said nothing for too long"));
}

TEST_F(HttpExchangeTest, OneThatIsDroppedTellsNothing) {
  const SilentServer server;
  ask(question(server.port()));
  loop_.poll();
  exchange_.reset();
  loop_.poll();
  EXPECT_FALSE(end_);
  EXPECT_FALSE(events_.run_next());
}

}  // namespace
}  // namespace unmask::rpc
