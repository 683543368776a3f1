#include "runtime/actor/supervisor.h"

#include <gmock/gmock.h>

#include "tests/unit/runtime/actor/subject.h"

namespace unmask {
namespace {

using namespace testing_actors;
using namespace std::chrono_literals;
using testing::ElementsAre;

/// Three actors of one group.
class SupervisorTest : public testing::Test {
 protected:
  void start(SupervisorOptions options) {
    group_ = &bed_.system().supervise(options);
    for (Journal& journal : journals_) {
      actors_.push_back(group_->spawn<Subject>("subject", std::ref(journal)));
    }
  }

  void fail(std::size_t actor) {
    ASSERT_TRUE(actors_[actor].ref<Throw>().send({}));
    bed_.settle();
  }

  std::vector<int> lives() {
    std::vector<int> lives;
    for (const Journal& journal : journals_) lives.push_back(journal.num_lives);
    return lives;
  }

  double restarts() {
    return bed_.metrics().value("unmask_actor_restarts_total", {{"actor_type", "subject"}});
  }

  Testbed bed_;
  std::array<Journal, 3> journals_;
  Supervisor* group_ = nullptr;
  std::vector<ActorHandle<Subject>> actors_;
};

TEST_F(SupervisorTest, OneForOneRestartsTheOneThatFailed) {
  start({.strategy = RestartStrategy::kOneForOne});
  fail(1);
  bed_.advance(1s);
  EXPECT_THAT(lives(), ElementsAre(1, 2, 1));
  EXPECT_EQ(restarts(), 1);
}

TEST_F(SupervisorTest, OneForAllRestartsTheGroup) {
  start({.strategy = RestartStrategy::kOneForAll});
  fail(1);
  for (const auto& actor : actors_) EXPECT_FALSE(actor.is_alive());
  bed_.advance(1s);
  EXPECT_THAT(lives(), ElementsAre(2, 2, 2));
  for (const auto& actor : actors_) EXPECT_TRUE(actor.is_alive());
}

TEST_F(SupervisorTest, RestForOneRestartsThoseSpawnedLater) {
  start({.strategy = RestartStrategy::kRestForOne});
  fail(1);
  EXPECT_TRUE(actors_[0].is_alive());
  EXPECT_FALSE(actors_[2].is_alive());
  bed_.advance(1s);
  EXPECT_THAT(lives(), ElementsAre(1, 2, 2));
}

TEST_F(SupervisorTest, RestForOneRestartsAllOnceWhenAnEarlierOneFailsDuringTheBackoff) {
  start({.strategy = RestartStrategy::kRestForOne});
  fail(2);
  fail(0);
  bed_.advance(5s);
  EXPECT_THAT(lives(), ElementsAre(2, 2, 2));
}

TEST_F(SupervisorTest, NeverLeavesTheDeadAlone) {
  start({.strategy = RestartStrategy::kNever});
  for (std::size_t i = 0; i < 3; ++i) fail(i);
  bed_.advance(1min);
  EXPECT_THAT(lives(), ElementsAre(1, 1, 1));
  EXPECT_EQ(bed_.escalation(), "");
}

TEST_F(SupervisorTest, FailedMessageIsNotHandledAgain) {
  start({});
  int num_calls = 0;
  ASSERT_TRUE(actors_[0].ref<Call>().send({[&](Subject&) {
    ++num_calls;
    throw std::runtime_error("once");
  }}));
  bed_.advance(10s);
  EXPECT_EQ(num_calls, 1);
  EXPECT_EQ(journals_[0].num_lives, 2);
}

TEST_F(SupervisorTest, ExceptionAfterAWaitIsAFailureToo) {
  start({});
  const auto gate = std::make_shared<Gate>(bed_.loop());
  ASSERT_TRUE(actors_[0].ref<WaitFor>().send({gate}));
  bed_.settle();
  gate->close();
  bed_.advance(1s);
  EXPECT_THAT(lives(), ElementsAre(2, 1, 1));
  EXPECT_THAT(journals_[0].notes, ElementsAre(-1));
}

TEST_F(SupervisorTest, BackoffDoublesWithEveryFailureWithinItsJitter) {
  start({.max_failures = 20, .jitter = 0.2});
  Duration expected = 100ms;
  for (int failure = 1; failure <= 9; ++failure) {
    fail(0);
    bed_.advance(expected * 79 / 100);
    EXPECT_FALSE(actors_[0].is_alive()) << failure;
    bed_.advance(expected * 42 / 100);
    ASSERT_TRUE(actors_[0].is_alive()) << failure;
    expected = std::min<Duration>(expected * 2, 10s);
  }
}

TEST_F(SupervisorTest, FailuresBeyondTheLimitEscalateWithTheReason) {
  start({});
  for (int i = 0; i < 3; ++i) {
    fail(0);
    bed_.advance(2s);
    EXPECT_EQ(bed_.escalation(), "");
  }
  fail(1);  // the limit is the group's
  EXPECT_EQ(bed_.escalation(), "actor subject failed 4 times, at last: asked to");
  bed_.advance(1min);
  EXPECT_THAT(lives(), ElementsAre(4, 1, 1));
}

TEST_F(SupervisorTest, FailuresOutsideTheWindowDoNotCount) {
  start({});
  for (int i = 0; i < 10; ++i) {
    fail(0);
    bed_.advance(21s);
  }
  EXPECT_EQ(bed_.escalation(), "");
  EXPECT_EQ(journals_[0].num_lives, 11);
}

TEST_F(SupervisorTest, ActorThatStoppedIsNotRestarted) {
  start({.strategy = RestartStrategy::kOneForAll});
  actors_[0].stop();
  bed_.advance(1s);
  fail(1);
  bed_.advance(1s);
  EXPECT_THAT(lives(), ElementsAre(1, 2, 2));
}

TEST_F(SupervisorTest, RestartWaitsForAHandlerThatIsStillAtIt) {
  start({.strategy = RestartStrategy::kOneForAll});
  const auto gate = std::make_shared<Gate>(bed_.loop());
  ASSERT_TRUE(actors_[0].ref<WaitFor>().send({gate}));
  bed_.settle();
  fail(1);
  EXPECT_FALSE(actors_[0].is_alive());  // the wait was cancelled
  bed_.advance(1s);
  EXPECT_THAT(lives(), ElementsAre(2, 2, 2));
  EXPECT_THAT(journals_[0].notes, ElementsAre(-1));
}

/// Throws from its constructor as often as it is told.
class Stillborn final : public Actor<Stillborn, Note> {
 public:
  Stillborn(ActorContext& context, int& num_failures, int& num_lives) : Actor(context) {
    if (num_failures-- > 0) throw std::runtime_error("not yet");
    ++num_lives;
  }
  void on(Note note) {
    if (note.number < 0) throw std::runtime_error("asked to");
  }
};

TEST_F(SupervisorTest, FirstConstructorsExceptionIsTheCallers) {
  int num_failures = 1;
  int num_lives = 0;
  EXPECT_THROW(
      bed_.system().spawn<Stillborn>("stillborn", std::ref(num_failures), std::ref(num_lives)),
      std::runtime_error);
}

TEST_F(SupervisorTest, ConstructorThatFailsAtARestartIsTriedAgain) {
  int num_failures = 0;
  int num_lives = 0;
  const auto actor =
      bed_.system().spawn<Stillborn>("stillborn", std::ref(num_failures), std::ref(num_lives));
  num_failures = 2;
  ASSERT_TRUE(actor.ref<Note>().send({-1}));
  bed_.advance(5s);
  EXPECT_EQ(num_lives, 2);
  EXPECT_TRUE(actor.is_alive());
}

TEST_F(SupervisorTest, StopDrainsEveryActorTheLastSpawnedFirst) {
  start({});
  for (const auto& actor : actors_) ASSERT_TRUE(actor.ref<Note>().send({1}));
  // Each may still speak to those spawned before it.
  ASSERT_TRUE(actors_[2].ref<Call>().send(
      {[this](Subject&) { EXPECT_TRUE(actors_[0].ref<Note>().send({2})); }}));
  bool has_stopped = false;
  bed_.system().stop([&] { has_stopped = true; });
  bed_.settle();
  EXPECT_TRUE(has_stopped);
  EXPECT_THAT(journals_[0].notes, ElementsAre(1, 2));
  EXPECT_THAT(journals_[2].notes, ElementsAre(1));
  for (const auto& actor : actors_) EXPECT_FALSE(actor.is_alive());
}

TEST_F(SupervisorTest, StopDoesNotWaitForAnActorThatIsDown) {
  start({});
  fail(1);
  bool has_stopped = false;
  bed_.system().stop([&] { has_stopped = true; });
  bed_.advance(10s);
  EXPECT_TRUE(has_stopped);
  EXPECT_THAT(lives(), ElementsAre(1, 1, 1));
}

}  // namespace
}  // namespace unmask
