/// How actors are written, spawned and tested.

#include "runtime/actor/actor.h"

#include <gmock/gmock.h>

#include "runtime/simulation/testbed.h"

namespace unmask {
namespace {

using testing::ElementsAre;
using namespace std::chrono_literals;

struct Add {
  int amount = 0;
};
struct Report {
  ActorRef<int> reply_to;
};

/// Sums what it is told, and forgets it after a second of silence.
///
/// Receives   Add, Report; Silence from its own timer
/// Sends      the sum to Report::reply_to
class Adder final : public Actor<Adder, Add, Report, struct Silence> {
 public:
  Adder(ActorContext& context, Env env, int start, MailboxLimits limits = {});

  void on(Add add);
  void on(Report report);
  void on(Silence silence);

 private:
  const Env env_;
  int sum_ = 0;
  TimerId silence_ = 0;
};

struct Silence {};

Adder::Adder(ActorContext& context, Env env, int start, MailboxLimits limits)
    : Actor(context, limits), env_(env), sum_(start) {}

void Adder::on(Add add) {
  sum_ += add.amount;
  cancel(silence_);
  silence_ = after(1s, Silence{});
}

void Adder::on(Report report) { (void)report.reply_to.send(sum_); }

void Adder::on(Silence) { sum_ = 0; }

class ActorTest : public testing::Test {
 protected:
  Testbed bed_;
  Probe<int> sums_;
};

TEST_F(ActorTest, HandlesItsMessagesInTheOrderTheyWereSent) {
  const auto adder = bed_.system().spawn<Adder>("adder", bed_.env(), 10);
  ASSERT_TRUE(adder.ref<Add>().send({1}));
  ASSERT_TRUE(adder.ref<Report>().send({sums_.ref()}));
  ASSERT_TRUE(adder.ref<Add>().send({2}));
  ASSERT_TRUE(adder.ref<Report>().send({sums_.ref()}));
  EXPECT_TRUE(sums_.received.empty());  // nothing runs inside send()
  bed_.settle();
  EXPECT_THAT(sums_.received, ElementsAre(11, 13));
}

TEST_F(ActorTest, TimerIsAMessageToItself) {
  const auto adder = bed_.system().spawn<Adder>("adder", bed_.env(), 0);
  ASSERT_TRUE(adder.ref<Add>().send({5}));
  bed_.advance(900ms);
  ASSERT_TRUE(adder.ref<Add>().send({5}));  // arms it anew
  bed_.advance(900ms);
  ASSERT_TRUE(adder.ref<Report>().send({sums_.ref()}));
  bed_.advance(100ms);
  ASSERT_TRUE(adder.ref<Report>().send({sums_.ref()}));
  bed_.settle();
  EXPECT_THAT(sums_.received, ElementsAre(10, 0));
}

TEST_F(ActorTest, SendIsRefusedAndCountedWhenTheMailboxIsFull) {
  const auto adder =
      bed_.system().spawn<Adder>("adder", bed_.env(), 0, MailboxLimits{.max_messages = 2});
  EXPECT_TRUE(adder.ref<Add>().send({1}));
  EXPECT_TRUE(adder.ref<Add>().send({1}));
  EXPECT_FALSE(adder.ref<Add>().send({1}));
  EXPECT_EQ(bed_.metrics().value("unmask_dead_letters_total", {{"reason", "full"}}), 1);
  bed_.settle();
  EXPECT_TRUE(adder.ref<Add>().send({1}));
}

}  // namespace
}  // namespace unmask
