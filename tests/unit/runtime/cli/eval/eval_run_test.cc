#include "runtime/cli/eval/eval_run.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "runtime/os/asio_timers.h"

namespace unmask::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A cluster that answers each prompt with itself.
class EvalRunTest : public testing::Test {
 public:
  ~EvalRunTest() override { std::filesystem::remove_all(folder_); }

 protected:
  EvalRunTest() {
    task_.name = "echo";
    for (const char* text : {"a", "b", "c", "d"}) {
      TaskItem item;
      item.input = actors::TextInput{text};
      item.answer = text[0] == 'c' ? "something else" : text;
      seal_like(item, text);
      task_.items.push_back(std::move(item));
    }
    grid_.variants = {{"threshold", "none", false, {{"strategy", "threshold"}}},
                      {"threshold", "dual", false, {{"cache", "dual"}}}};
  }
  static void seal_like(TaskItem& item, const char* text) { item.digest = std::uint64_t(text[0]); }

  JobPort port() {
    return {.submit = [this](const actors::Submit& submit, auto on_end) -> Result<> {
              ++num_submits_;
              most_in_flight_ = std::max(most_in_flight_, ++num_in_flight_);
              loop_->post([this, submit, on_end] {
                --num_in_flight_;
                on_end(answer_(submit));
              });
              return {};
            },
            .cancel = [](JobId) {},
            .failure = [this] { return failure_; }};
  }
  /// Everything that is missing.
  Result<ExitCode> run(std::size_t concurrency = 3) {
    Result<ResultsFile> results = ResultsFile::open(folder_, R"({"unmask_eval":1})");
    const std::vector<EvalTask> tasks{task_};
    Result<std::deque<EvalWork>> work = missing_work(tasks, grid_, results->results());
    if (!work) return work.error();
    loop_.emplace();
    AsioTimers timers(*loop_);
    Judge judge(*loop_, Isolation::kLimitsOnly, concurrency);
    EvalRun run(port(), timers, judge, tasks, grid_, *results, std::move(*work), concurrency);
    Result<ExitCode> ended = kInterrupted;
    bool is_done = false;
    run.start([&](const EvalProgress& progress) { progress_ = progress; },
              [&](const Result<ExitCode>& end) {
                ended = end;
                is_done = true;
              });
    loop_->run_until([&] { return is_done; });
    results_ = results->results();
    refused_ = run.refused();
    first_failure_ = run.first_failure();
    return ended;
  }
  static actors::Finished echo(const actors::Submit& submit) {
    actors::Finished finished;
    finished.job = submit.job;
    finished.text = std::get<actors::TextInput>(submit.input).text;
    finished.figures.tokens = 6;
    finished.figures.forwards = 2;
    return finished;
  }
  static bool is_dual(const actors::Submit& submit) {
    return submit.parameters.front().value == "dual";
  }

  const std::string folder_ = testing::TempDir() + "/run" + std::to_string(getpid());
  std::optional<EventLoop> loop_;
  EvalTask task_;
  Grid grid_;
  std::function<Result<actors::Finished>(const actors::Submit&)> answer_ = echo;
  std::optional<Error> failure_;
  EvalProgress progress_;
  std::vector<ItemResult> results_;
  std::vector<std::string> refused_;
  std::string first_failure_;
  int num_submits_ = 0, num_in_flight_ = 0, most_in_flight_ = 0;
};

TEST_F(EvalRunTest, EveryItemIsJudgedAndWrittenWithEveryVariant) {
  EXPECT_EQ(*run(), kOk);
  ASSERT_EQ(results_.size(), 8u);
  const auto num_right = std::ranges::count_if(results_, &ItemResult::is_right);
  EXPECT_EQ(num_right, 6);
  EXPECT_EQ(results_[0].tokens, 6);
  EXPECT_EQ(progress_.done, 8u);
  EXPECT_EQ(most_in_flight_, 3);
}

TEST_F(EvalRunTest, ASecondStartDoesWhatIsLeft) {
  grid_.variants.pop_back();
  EXPECT_EQ(*run(), kOk);
  grid_.variants.push_back({"threshold", "dual", false, {{"cache", "dual"}}});
  num_submits_ = 0;
  EXPECT_EQ(*run(), kOk);
  EXPECT_EQ(num_submits_, 4);
  EXPECT_EQ(*run(), kOk);
  EXPECT_EQ(num_submits_, 4);
  EXPECT_EQ(results_.size(), 8u);
}

TEST_F(EvalRunTest, AnItemThatHasChangedIsNoResultOfThis) {
  EXPECT_EQ(*run(), kOk);
  task_.items[1].digest = 99;
  EXPECT_THAT(run().error().message, HasSubstr("its item 2 has changed"));
}

TEST_F(EvalRunTest, AVariantThatTheClusterRefusesIsLeftOutAndTheOthersAreNot) {
  answer_ = [](const actors::Submit& submit) -> Result<actors::Finished> {
    if (is_dual(submit)) return invalid("it cannot be");
    return echo(submit);
  };
  EXPECT_EQ(*run(1), kOk);
  EXPECT_EQ(results_.size(), 4u);
  EXPECT_EQ(num_submits_, 5);
  EXPECT_THAT(refused_, ElementsAre("threshold dual: it cannot be"));
}

TEST_F(EvalRunTest, AnItemThatFailsIsToldAndTriedAgainByTheNextStart) {
  answer_ = [](const actors::Submit& submit) -> Result<actors::Finished> {
    actors::Finished finished = echo(submit);
    if (finished.text == "b") finished.reason = actors::FinishReason::kDeadline;
    return finished;
  };
  EXPECT_EQ(*run(), kFailed);
  EXPECT_EQ(results_.size(), 6u);
  EXPECT_EQ(first_failure_, "task echo, item 2, threshold none: its job ended with deadline");
  answer_ = echo;
  EXPECT_EQ(*run(), kOk);
  EXPECT_EQ(results_.size(), 8u);
}

TEST_F(EvalRunTest, ALostClusterEndsItWithWhatIsThere) {
  answer_ = [this](const actors::Submit& submit) -> Result<actors::Finished> {
    if (num_submits_ < 4) return echo(submit);
    failure_ = Error{ErrorCode::kUnavailable, "gone"};
    return *failure_;
  };
  EXPECT_EQ(run(1).error().message, "gone");
  EXPECT_EQ(results_.size(), 3u);
}

TEST(ProgressText, SaysHowFarItIs) {
  EXPECT_EQ(progress_text({0, 120, 8, 0}, 1), "0 of 120 items, 8 in flight");
  EXPECT_EQ(progress_text({30, 120, 8, 27}, 10),
            "30 of 120 items, 8 in flight, 90.0 % right, about 30 s left");
}

}  // namespace
}  // namespace unmask::cli
