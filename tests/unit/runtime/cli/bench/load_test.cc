#include "runtime/cli/bench/load.h"

#include <gmock/gmock.h>

#include "runtime/cli/bench/dataset.h"
#include "runtime/simulation/virtual_timers.h"

namespace unmask::cli {
namespace {

using std::chrono::milliseconds;
using testing::DoubleNear;
using testing::ElementsAre;

/// Answers each request with a block after `first`, and its end after `whole`.
class TimedTarget final : public LoadTarget {
 public:
  TimedTarget(Timers& timers) : timers_(timers) {}

  void begin(const actors::Submit& job, RequestEvents events) override {
    open_[job.job] = std::move(events);
    max_open_ = std::max(max_open_, open_.size());
    ++num_begun_;
    timers_.after(first, [this, id = job.job] {
      if (open_.contains(id) && failure.empty()) open_[id].on_block(8);
    });
    timers_.after(whole, [this, id = job.job] { end(id, {failure, 1, 2, 3, 4, {}}); });
  }
  void cancel(JobId job) override {
    timers_.after({}, [this, job] { end(job, {"cancelled", 0, 0, 0, 0, {}}); });
  }

  milliseconds first{100}, whole{250};
  std::string failure;
  std::size_t max_open_ = 0, num_begun_ = 0;

 private:
  void end(JobId job, const RequestEnd& end) {
    const auto events = open_.extract(job);
    if (events) events.mapped().on_end(end);
  }

  Timers& timers_;
  std::map<JobId, RequestEvents> open_;
};

class LoadTest : public testing::Test {
 protected:
  void start(Load::Options options) {
    options.job_of = [](std::size_t index) { return request_of(built_in_jobs({}), index, 0); };
    load_.emplace(target_, clock_, timers_, std::move(options));
    Load::Events events;
    events.on_end = [this](const Result<>& end) {
      EXPECT_FALSE(end_) << "it is told once";
      end_ = end;
    };
    load_->start(std::move(events));
  }
  void run() {
    while (!end_ && events_.run_next()) {
    }
  }
  std::vector<double> starts() const {
    std::vector<double> starts;
    for (const RequestRecord& record : load_->records()) starts.push_back(record.start_s);
    return starts;
  }

  VirtualClock clock_;
  EventQueue events_{clock_, 1};
  VirtualTimers timers_{events_};
  TimedTarget target_{timers_};
  std::optional<Load> load_;
  std::optional<Result<>> end_;
};

TEST_F(LoadTest, AnOpenLoopWaitsForNoAnswer) {
  start({.arrivals = {0.01, 0.02, 0.05}});
  run();
  ASSERT_TRUE(end_ && *end_);
  EXPECT_THAT(starts(),
              ElementsAre(DoubleNear(0.01, 1e-6), DoubleNear(0.02, 1e-6), DoubleNear(0.05, 1e-6)));
  EXPECT_EQ(target_.max_open_, 3u);
}

TEST_F(LoadTest, AClosedLoopSendsWhenOneEnds) {
  start({.arrivals = {0, 0, 0}, .max_concurrency = 1});
  run();
  EXPECT_THAT(starts(),
              ElementsAre(DoubleNear(0, 1e-6), DoubleNear(0.25, 1e-6), DoubleNear(0.5, 1e-6)));
}

TEST_F(LoadTest, BothTogetherWaitForTheTimeAndForAPlace) {
  start({.arrivals = {0, 0.1, 0.9}, .max_concurrency = 1});
  run();
  EXPECT_THAT(starts(),
              ElementsAre(DoubleNear(0, 1e-6), DoubleNear(0.25, 1e-6), DoubleNear(0.9, 1e-6)));
}

TEST_F(LoadTest, ARecordHasWhatItFeltLike) {
  start({.arrivals = {0.5}});
  run();
  const RequestRecord& record = load_->records().at(0);
  EXPECT_NEAR(record.first_block_s().value(), 0.1, 1e-6);
  EXPECT_NEAR(record.end_s - record.start_s, 0.25, 1e-6);
  EXPECT_EQ(record.positions, 8);
  EXPECT_EQ(record.end.tokens, 2);
}

TEST_F(LoadTest, WarmUpsCountNowhere) {
  start({.arrivals = {0, 0}, .max_concurrency = 2, .num_warmups = 3});
  run();
  EXPECT_EQ(target_.num_begun_, 5u);
  EXPECT_EQ(load_->records().size(), 2u);
  EXPECT_NEAR(starts().at(0), 0, 1e-6) << "time begins behind them";
}

TEST_F(LoadTest, AWarmUpThatFailsIsTheEnd) {
  target_.failure = "no";
  start({.arrivals = {0, 0}, .num_warmups = 1});
  run();
  ASSERT_TRUE(end_ && !*end_);
  EXPECT_EQ(end_->error().message, "a warm-up request failed: no");
  EXPECT_EQ(target_.num_begun_, 1u);
}

TEST_F(LoadTest, WhatFailsIsNotSentAgain) {
  target_.failure = "full";
  start({.arrivals = {0, 0}});
  run();
  EXPECT_EQ(target_.num_begun_, 2u);
  EXPECT_FALSE(load_->records().at(0).is_good());
}

TEST_F(LoadTest, AnInterruptCancelsAndKeepsWhatThereIs) {
  start({.arrivals = {0, 0.3, 9}});
  while (target_.num_begun_ < 2) ASSERT_TRUE(events_.run_next());
  load_->interrupt();
  run();
  ASSERT_TRUE(end_ && *end_);
  EXPECT_EQ(load_->records().size(), 1u);
  EXPECT_EQ(load_->num_cancelled(), 1u);
  EXPECT_EQ(target_.num_begun_, 2u);
}

TEST_F(LoadTest, WithoutFurtherSendingTheRestEndsByItself) {
  start({.arrivals = {0, 9}});
  load_->send_no_more();
  run();
  EXPECT_EQ(load_->records().size(), 1u);
  EXPECT_FALSE(load_->is_interrupted());
}

}  // namespace
}  // namespace unmask::cli
