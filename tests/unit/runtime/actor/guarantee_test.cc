/// What the runtime promises to actors; supervision stands in supervisor_test.cc.

#include <gmock/gmock.h>

#include <thread>

#include "runtime/os/asio_timers.h"
#include "tests/unit/runtime/actor/subject.h"

namespace unmask {
namespace {

using namespace testing_actors;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class GuaranteeTest : public testing::Test {
 protected:
  using Handle = ActorHandle<Subject>;

  Handle spawn(MailboxLimits limits = {}) {
    SupervisorOptions never{.strategy = RestartStrategy::kNever};
    return bed_.system().supervise(never).spawn<Subject>("subject", std::ref(journal_), limits);
  }

  template <typename Message>
  static bool send(const Handle& to, Message message) {
    return to.ref<Message>().send(std::move(message));
  }

  /// Runs `action` as a handler of the actor.
  void call(const Handle& actor, std::function<void(Subject&)> action) {
    ASSERT_TRUE(send(actor, Call{std::move(action)}));
    bed_.settle();
  }

  double dead_letters(std::string_view reason) {
    return bed_.metrics().value("unmask_dead_letters_total", {{"reason", reason}});
  }

  Testbed bed_;
  Journal journal_;
};

// ---- 1. Isolation ----

TEST_F(GuaranteeTest, NextMessageIsNotHandledBeforeAHandlerThatWaitsHasReturned) {
  const Handle actor = spawn();
  const auto gate = std::make_shared<Gate>(bed_.loop());
  ASSERT_TRUE(send(actor, WaitFor{gate}));
  ASSERT_TRUE(send(actor, Note{1}));
  bed_.settle();
  EXPECT_THAT(journal_.notes, ElementsAre(-1));
  gate->open();
  bed_.settle();
  EXPECT_THAT(journal_.notes, ElementsAre(-1, -2, 1));
}

TEST_F(GuaranteeTest, OtherActorsRunWhileAHandlerWaits) {
  const Handle waiting = spawn();
  const Handle other = spawn();
  const auto gate = std::make_shared<Gate>(bed_.loop());
  ASSERT_TRUE(send(waiting, WaitFor{gate}));
  ASSERT_TRUE(send(other, Note{1}));
  bed_.settle();
  EXPECT_THAT(journal_.notes, ElementsAre(-1, 1));
}

TEST_F(GuaranteeTest, HandlerIsNeverEnteredFromInsideASend) {
  const Handle actor = spawn();
  call(actor, [&](Subject& self) {
    ASSERT_TRUE(self.ref<Note>().send({1}));
    EXPECT_THAT(journal_.notes, IsEmpty());
  });
  EXPECT_THAT(journal_.notes, ElementsAre(1));
}

TEST(GuaranteeThreadTest, ThreadsMaySendWhileTheActorRuns) {
  constexpr int kThreads = 4;
  constexpr int kMessages = 5000;
  SteadyClock clock;
  RecordedMetrics metrics;
  NullLog log;
  Rng rng(1);
  EventLoop loop;
  AsioTimers timers(loop);
  ActorSystem system(loop, Env{clock, timers, rng, metrics, log}, [](const std::string&) {});
  Journal journal;
  const auto actor = system.spawn<Subject>("subject", std::ref(journal));

  std::atomic<int> num_refused = 0;
  std::vector<std::thread> senders;
  for (int i = 0; i < kThreads; ++i) {
    senders.emplace_back(
        [&num_refused, ref = actor.ref<Note>(), lasting = actor.lasting_ref<Note>()] {
          for (int k = 0; k < kMessages; ++k)
            num_refused += !(k % 2 == 0 ? ref : lasting).send({k});
        });
  }
  std::thread ending([&] {
    for (std::thread& sender : senders) sender.join();
    loop.post([&] { system.stop([&] { loop.stop(); }); });
  });
  loop.run();
  ending.join();

  EXPECT_EQ(int(journal.notes.size()) + num_refused, kThreads * kMessages);
  EXPECT_EQ(metrics.value("unmask_dead_letters_total", {{"reason", "full"}}), num_refused);
}

// ---- 2. Mailbox ----

TEST_F(GuaranteeTest, FullMailboxRefusesMessagesAndAdmitsWhatTheRuntimeTells) {
  const Handle actor = spawn({.max_messages = 1});
  const Handle watched = spawn();
  call(actor, [&](Subject& self) {
    EXPECT_TRUE(self.watch(watched.id()));
    self.after(1s, Note{2});
    EXPECT_TRUE(self.ref<Note>().send({1}));  // full again
    EXPECT_FALSE(self.ref<Note>().send({3}));
  });
  const auto gate = std::make_shared<Gate>(bed_.loop());
  ASSERT_TRUE(send(actor, WaitFor{gate}));
  bed_.settle();
  ASSERT_TRUE(send(actor, Note{4}));
  EXPECT_FALSE(send(actor, Note{5}));
  ASSERT_TRUE(send(watched, Throw{}));
  bed_.advance(2s);
  EXPECT_EQ(dead_letters("full"), 2);
  gate->open();
  bed_.settle();
  EXPECT_THAT(journal_.notes, ElementsAre(1, -1, -2, 2, 4));  // the timer overtakes
  EXPECT_EQ(journal_.downs.size(), 1u);
}

TEST_F(GuaranteeTest, MailboxIsBoundedInBytesToo) {
  const Handle actor = spawn({.max_messages = 100, .max_bytes = 1000});
  EXPECT_TRUE(send(actor, Large{600}));
  EXPECT_FALSE(send(actor, Large{600}));
  EXPECT_TRUE(send(actor, Large{400}));
  EXPECT_FALSE(send(actor, Large{1}));
  EXPECT_EQ(dead_letters("full"), 2);
  bed_.settle();
  EXPECT_TRUE(send(actor, Large{1000}));
}

TEST_F(GuaranteeTest, MailboxTakes1024MessagesByDefault) {
  const Handle actor = spawn();
  for (int i = 0; i < 1024; ++i) ASSERT_TRUE(send(actor, Note{i}));
  EXPECT_FALSE(send(actor, Note{0}));
}

TEST_F(GuaranteeTest, WatchesAreBounded) {
  const Handle actor = spawn();
  const Handle watched = spawn();
  call(actor, [&](Subject& self) {
    for (std::uint64_t i = 1; i <= ActorContext::kMaxWatches; ++i) {
      ASSERT_TRUE(self.watch({watched.id().number, watched.id().incarnation + i}));
    }
    EXPECT_FALSE(self.watch(watched.id()));
  });
}

// ---- 3. Delivery ----

TEST_F(GuaranteeTest, EverythingSentIsHandledOrADeadLetter) {
  const Handle actor = spawn({.max_messages = 10});
  int num_sent = 0;
  int num_refused = 0;
  const auto burst = [&](int num_messages) {
    for (int i = 0; i < num_messages; ++i, ++num_sent) num_refused += !send(actor, Note{i});
  };
  burst(15);
  bed_.settle();
  burst(4);
  ASSERT_TRUE(send(actor, Throw{}));
  burst(3);
  bed_.settle();
  burst(2);
  EXPECT_EQ(journal_.notes.size(), 14u);
  EXPECT_EQ(dead_letters("full"), 5);
  EXPECT_EQ(dead_letters("crashed"), 3);
  EXPECT_EQ(dead_letters("closed"), 2);
  EXPECT_EQ(num_sent, 14 + 5 + 3 + 2);
  EXPECT_EQ(num_refused, 5 + 2);
}

TEST_F(GuaranteeTest, StopHandlesWhatIsQueuedAndRefusesTheRest) {
  Handle actor = spawn();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(send(actor, Note{i}));
  actor.stop();
  EXPECT_FALSE(send(actor, Note{3}));
  bed_.settle();
  EXPECT_THAT(journal_.notes, ElementsAre(0, 1, 2));
  EXPECT_FALSE(actor.is_alive());
  EXPECT_EQ(dead_letters("closed"), 1);
}

TEST_F(GuaranteeTest, MessagesOfOneSenderAreHandledInTheirOrder) {
  const Handle actor = spawn();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(send(actor, Note{i}));
    if (i == 2) bed_.settle();
  }
  bed_.settle();
  EXPECT_THAT(journal_.notes, ElementsAre(0, 1, 2, 3, 4));
}

// ---- 4. Addresses ----

TEST_F(GuaranteeTest, MessageToAnEarlierLifeNeverReachesTheNext) {
  const Handle actor = bed_.system().spawn<Subject>("subject", std::ref(journal_));
  const ActorRef<Note> early = actor.ref<Note>();
  const ActorRef<Note> lasting = actor.lasting_ref<Note>();
  ASSERT_TRUE(send(actor, Throw{}));
  ASSERT_TRUE(early.send({1}));  // waits behind what ends this life
  bed_.advance(1s);
  EXPECT_EQ(journal_.num_lives, 2);
  EXPECT_FALSE(early.send({2}));
  EXPECT_TRUE(lasting.send({3}));
  bed_.settle();
  EXPECT_THAT(journal_.notes, ElementsAre(3));
  EXPECT_EQ(early.id().number, actor.id().number);
  EXPECT_LT(early.id().incarnation, actor.id().incarnation);
}

// ---- 5. Death watch ----

class DeathWatchTest : public GuaranteeTest {
 protected:
  void watch(ActorId target) {
    call(watcher_, [=](Subject& self) { EXPECT_TRUE(self.watch(target)); });
  }

  std::vector<DownReason> reasons() {
    bed_.advance(1s);
    std::vector<DownReason> reasons;
    for (const Down& down : journal_.downs) reasons.push_back(down.reason);
    return reasons;
  }

  Handle watcher_ = spawn();
  Handle watched_ = spawn();
};

TEST_F(DeathWatchTest, DownTellsThatTheActorFailed) {
  watch(watched_.id());
  ASSERT_TRUE(send(watched_, Throw{}));
  EXPECT_THAT(reasons(), ElementsAre(DownReason::kCrashed));
  EXPECT_EQ(journal_.downs[0].actor, watched_.id());
}

TEST_F(DeathWatchTest, DownTellsThatTheActorStopped) {
  watch(watched_.id());
  watched_.stop();
  EXPECT_THAT(reasons(), ElementsAre(DownReason::kClosed));
}

TEST_F(DeathWatchTest, DownComesOnceHoweverOftenTheActorIsWatched) {
  watch(watched_.id());
  watch(watched_.id());
  watched_.stop();
  EXPECT_THAT(reasons(), ElementsAre(DownReason::kClosed));
}

TEST_F(DeathWatchTest, DownComesAlsoForAnActorThatDiedBeforeTheWatch) {
  ASSERT_TRUE(send(watched_, Throw{}));
  bed_.settle();
  watch(watched_.id());
  EXPECT_THAT(reasons(), ElementsAre(DownReason::kCrashed));
}

TEST_F(DeathWatchTest, DownComesAlsoForAnActorThatNeverExisted) {
  watch({.number = 99, .incarnation = 1});
  watch({});
  EXPECT_THAT(reasons(), ElementsAre(DownReason::kNeverExisted, DownReason::kNeverExisted));
}

TEST_F(DeathWatchTest, NoDownComesAfterUnwatch) {
  watch(watched_.id());
  call(watcher_, [this](Subject& self) { self.unwatch(watched_.id()); });
  watched_.stop();
  EXPECT_THAT(reasons(), IsEmpty());
}

TEST_F(DeathWatchTest, NoDownComesAfterUnwatchEvenIfItIsInTheMailboxAlready) {
  watch(watched_.id());
  const auto gate = std::make_shared<Gate>(bed_.loop());
  ASSERT_TRUE(send(watcher_, WaitFor{gate}));
  ASSERT_TRUE(send(watcher_, Call{[this](Subject& self) { self.unwatch(watched_.id()); }}));
  bed_.settle();
  watched_.stop();
  bed_.settle();  // Down is behind the Call
  gate->open();
  EXPECT_THAT(reasons(), IsEmpty());
}

TEST_F(DeathWatchTest, WatchingAgainAfterUnwatchGivesOneDown) {
  watch(watched_.id());
  const auto gate = std::make_shared<Gate>(bed_.loop());
  ASSERT_TRUE(send(watcher_, WaitFor{gate}));
  ASSERT_TRUE(send(watcher_, Call{[this](Subject& self) {
                     self.unwatch(watched_.id());
                     EXPECT_TRUE(self.watch(watched_.id()));
                   }}));
  bed_.settle();
  watched_.stop();
  bed_.settle();
  gate->open();
  EXPECT_THAT(reasons(), ElementsAre(DownReason::kClosed));
}

TEST_F(DeathWatchTest, DownComesAfterEverythingThatTheActorSent) {
  watch(watched_.id());
  call(watched_, [this](Subject& self) {
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(watcher_.ref<Note>().send({i}));
    ASSERT_TRUE(
        watcher_.ref<Call>().send({[this](Subject&) { EXPECT_THAT(journal_.downs, IsEmpty()); }}));
    self.stop();
  });
  EXPECT_THAT(reasons(), ElementsAre(DownReason::kClosed));
  EXPECT_THAT(journal_.notes, ElementsAre(0, 1, 2));
}

// ---- 7. Timers ----

class TimerTest : public GuaranteeTest {
 protected:
  Handle actor_ = spawn();
};

TEST_F(TimerTest, TimersFireInOrderOfTheirTime) {
  call(actor_, [](Subject& self) {
    self.after(3s, Note{3});
    self.after(1s, Note{1});
    self.after(2s, Note{2});
  });
  bed_.advance(2s);
  EXPECT_THAT(journal_.notes, ElementsAre(1, 2));
  bed_.advance(1s);
  EXPECT_THAT(journal_.notes, ElementsAre(1, 2, 3));
}

TEST_F(TimerTest, CancelledTimerNeverFires) {
  call(actor_, [](Subject& self) {
    const TimerId timer = self.after(1s, Note{1});
    self.after(2s, Note{2});
    self.cancel(timer);
    self.cancel(timer);
    self.cancel(0);
  });
  bed_.advance(3s);
  EXPECT_THAT(journal_.notes, ElementsAre(2));
}

TEST_F(TimerTest, CancelledTimerNeverFiresEvenIfItIsInTheMailboxAlready) {
  TimerId first = 0;
  TimerId second = 0;
  call(actor_, [&](Subject& self) {
    first = self.after(1s, Call{[&](Subject& later) { later.cancel(second); }});
    second = self.after(1s + 1ns, Note{2});
  });
  const auto gate = std::make_shared<Gate>(bed_.loop());
  ASSERT_TRUE(send(actor_, WaitFor{gate}));
  bed_.advance(5s);  // both are due and wait
  gate->open();
  bed_.settle();
  EXPECT_THAT(journal_.notes, ElementsAre(-1, -2));
}

TEST_F(TimerTest, TimersOfADeadActorNeverFire) {
  bool was_called = false;
  call(actor_, [&](Subject& self) { self.after(1s, Call{[&](Subject&) { was_called = true; }}); });
  actor_.stop();
  bed_.advance(2s);
  EXPECT_FALSE(was_called);
}

TEST_F(TimerTest, TimersAreBoundedPerActor) {
  call(actor_, [](Subject& self) {
    for (int i = 0; i < 1024; ++i) ASSERT_NE(self.after(1s, Note{i}), 0u);
    EXPECT_EQ(self.after(1s, Note{0}), 0u);
  });
  EXPECT_EQ(dead_letters("timers"), 1);
  bed_.advance(1s);
  EXPECT_EQ(journal_.notes.size(), 1024u);
  call(actor_, [](Subject& self) { EXPECT_NE(self.after(1s, Note{0}), 0u); });
}

}  // namespace
}  // namespace unmask
