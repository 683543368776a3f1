#include "rpc/zmq/zap_authenticator.h"

#include <gmock/gmock.h>

#include "rpc/zmq/curve_keys.h"
#include "zmq_pair.h"

namespace unmask::rpc {
namespace {

using testing::HasSubstr;

class ZapAuthenticatorTest : public testing::Test {
 protected:
  void listen(std::vector<std::string> allowed) {
    ZmqOptions options;
    options.curve = server_keys;
    options.allowed_keys = std::move(allowed);
    auto result = ZmqListener::listen(loop, options, kAnyPort, server.events());
    ASSERT_TRUE(result) << result.error().message;
    listener = std::move(*result);
  }
  void dial(Ear& ear, std::optional<CurveKeyPair> keys, std::string server_key) {
    ZmqOptions options;
    options.curve = std::move(keys);
    options.server_key = std::move(server_key);
    options.on_failure = [this](const std::string& why) { failures.push_back(why); };
    auto result = ZmqDialer::dial(loop, options, listener->address(), ear.events());
    ASSERT_TRUE(result) << result.error().message;
    dialers.push_back(std::move(*result));
  }
  bool run_until(const std::function<bool()>& is_done) { return rpc::run_until(loop, is_done); }

  EventLoop loop;
  const CurveKeyPair server_keys = make_curve_keys(), client_keys = make_curve_keys();
  Ear server, friendly, stranger;
  std::vector<std::string> failures;
  std::unique_ptr<ZmqListener> listener;
  std::vector<std::unique_ptr<ZmqDialer>> dialers;
};

TEST_F(ZapAuthenticatorTest, AnAllowedKeyIsLetInAndAStrangersIsNot) {
  listen({client_keys.public_key});
  dial(stranger, make_curve_keys(), server_keys.public_key);
  ASSERT_TRUE(run_until([&] { return !failures.empty(); }));
  EXPECT_THAT(failures[0], HasSubstr("does not accept"));
  EXPECT_THAT(failures[0], HasSubstr(listener->address().to_string()));
  dial(friendly, client_keys, server_keys.public_key);
  ASSERT_TRUE(run_until([&] { return !friendly.ups.empty(); }));
  ASSERT_TRUE(dialers[1]->send(friendly.ups[0], bytes_of("secret")));
  ASSERT_TRUE(run_until([&] { return !server.frames.empty(); }));
  EXPECT_EQ(server.frames[0].second, bytes_of("secret"));
  EXPECT_TRUE(stranger.ups.empty());
  EXPECT_EQ(server.ups.size(), 1u);
  EXPECT_EQ(server.keys, std::vector{client_keys.public_key}) << "who it is, is known";
  EXPECT_EQ(friendly.keys, std::vector{server_keys.public_key});
}

TEST_F(ZapAuthenticatorTest, WhoDoesNotEncryptIsNotLetIn) {
  listen({client_keys.public_key});
  dial(stranger, std::nullopt, "");
  ASSERT_TRUE(run_until([&] { return !failures.empty(); }));
  EXPECT_THAT(failures[0], HasSubstr("CURVE"));
  EXPECT_TRUE(stranger.ups.empty());
  EXPECT_TRUE(server.ups.empty());
}

TEST_F(ZapAuthenticatorTest, ADialerDoesNotTalkToWhoHasAnotherKeyThanItsServer) {
  listen({client_keys.public_key});
  dial(friendly, client_keys, make_curve_keys().public_key);
  ASSERT_TRUE(run_until([&] { return !failures.empty(); }));
  EXPECT_TRUE(friendly.ups.empty());
  EXPECT_TRUE(server.ups.empty());
}

TEST_F(ZapAuthenticatorTest, TheSameReasonIsToldOnce) {
  listen({client_keys.public_key});
  dial(stranger, make_curve_keys(), server_keys.public_key);
  ASSERT_TRUE(run_until([&] { return !failures.empty(); }));
  // Meanwhile the stranger tries again several times.
  dial(friendly, client_keys, server_keys.public_key);
  ASSERT_TRUE(run_until([&] { return !friendly.ups.empty(); }));
  AsioTimers timers(loop);
  bool is_over = false;
  timers.after(std::chrono::milliseconds(500), [&] { is_over = true; });
  ASSERT_TRUE(run_until([&] { return is_over; }));
  EXPECT_EQ(failures.size(), 1u);
}

TEST_F(ZapAuthenticatorTest, AListenerThatNobodyMayConnectToDoesNotStart) {
  ZmqOptions options;
  options.curve = server_keys;
  EXPECT_FALSE(ZmqListener::listen(loop, options, kAnyPort, server.events()));
  options.allowed_keys = {client_keys.public_key, "too short"};
  const auto refused = ZmqListener::listen(loop, options, kAnyPort, server.events());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(refused.error().message, HasSubstr("too short"));
}

TEST_F(ZapAuthenticatorTest, HalfTheKeysAreNotEnoughToDial) {
  ZmqOptions options;
  options.curve = client_keys;
  EXPECT_FALSE(ZmqDialer::dial(loop, options, {"127.0.0.1", 1}, friendly.events()));
  options.server_key = server_keys.public_key;
  EXPECT_TRUE(ZmqDialer::dial(loop, options, {"127.0.0.1", 1}, friendly.events()));
  options.curve.reset();
  EXPECT_FALSE(ZmqDialer::dial(loop, options, {"127.0.0.1", 1}, friendly.events()));
}

}  // namespace
}  // namespace unmask::rpc
