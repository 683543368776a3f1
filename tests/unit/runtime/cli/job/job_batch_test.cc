#include "runtime/cli/job/job_batch.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>
#include <optional>
#include <sstream>

#include "rpc/client/client.h"
#include "tests/unit/rpc/client/scripted_gateway.h"

namespace unmask::cli {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr Address kProgram = 1;

/// A gateway that answers a job with its own prompt, after the milliseconds that its gen_length
/// says.
class JobBatchTest : public testing::Test {
 public:
  ~JobBatchTest() override {
    std::fclose(out_);
    std::fclose(status_);
    std::free(out_text_);
    std::free(status_text_);
  }

 protected:
  JobBatchTest() {
    gateway_.script = [this](PeerId peer, const actors::WireMessage& message) {
      if (const auto* submit = std::get_if<actors::Submit>(&message)) serve(peer, *submit);
      if (const auto* cancel = std::get_if<actors::Cancel>(&message)) {
        finish(peer, cancel->job, actors::FinishReason::kCancelled, "");
      }
    };
    client_.bind(simulation_.network().attach(kProgram, client_.transport_events()));
    simulation_.network().dial(kProgram, rpc::kGateway);
    out_ = open_memstream(&out_text_, &out_size_);
    status_ = open_memstream(&status_text_, &status_size_);
  }
  void serve(PeerId peer, const actors::Submit& submit) {
    ++num_submits_;
    if (num_refusals_ > 0) {
      --num_refusals_;
      return gateway_.deliver(peer, actors::Rejected{submit.job, {ErrorCode::kOverloaded, "full"}});
    }
    ++num_running_;
    max_running_ = std::max(max_running_, num_running_);
    const int ms = std::stoi(
        std::ranges::find(submit.parameters, "gen_length", &actors::Parameter::name)->value);
    const std::string text = std::get<actors::TextInput>(submit.input).text;
    gateway_env().timers.after(milliseconds(ms), [this, peer, job = submit.job, text] {
      finish(peer, job, actors::FinishReason::kStop, text);
    });
  }
  void finish(PeerId peer, JobId job, actors::FinishReason reason, const std::string& text) {
    --num_running_;
    actors::Finished finished;
    finished.job = job;
    finished.reason = reason;
    finished.text = text;
    finished.figures.tokens = 10;
    (void)gateway_.links.send({peer, finished});
  }
  Env gateway_env() { return simulation_.process(rpc::kGateway).env(); }

  void start(const std::string& text, JobBatch::Options options = {}, actors::Submit common = {}) {
    const Env env = simulation_.process(kProgram).env();
    batch_.emplace(client_, env.clock, env.timers, options, text, std::move(common));
    batch_->start(out_, status_, [this](const Result<ExitCode>& end) { end_ = end; });
  }
  void run(Duration duration) { simulation_.run_for(duration); }

  /// A field of every result, in order.
  std::vector<std::string> results(const char* field) {
    std::fflush(out_);
    std::vector<std::string> values;
    std::istringstream lines(std::string(out_text_, out_size_));
    for (std::string line; std::getline(lines, line);) {
      values.emplace_back(json::parse(line).at(field).get_string());
    }
    return values;
  }
  std::string status() {
    std::fflush(status_);
    return {status_text_, status_size_};
  }

  Simulation simulation_{5};
  rpc::ScriptedGateway gateway_{simulation_};
  rpc::Client client_{simulation_.start(kProgram).env(), {}};
  std::optional<JobBatch> batch_;
  std::optional<Result<ExitCode>> end_;
  int num_submits_ = 0, num_refusals_ = 0, num_running_ = 0, max_running_ = 0;
  char *out_text_ = nullptr, *status_text_ = nullptr;
  std::size_t out_size_ = 0, status_size_ = 0;
  std::FILE *out_ = nullptr, *status_ = nullptr;
};

TEST_F(JobBatchTest, ResultsStandInTheOrderOfTheLinesWhateverEndsFirst) {
  start(R"({"prompt": "slow", "gen_length": 500}
{"prompt": "fast", "gen_length": 10}

{"prompt": "faster", "gen_length": 5}
)");
  run(seconds(5));
  EXPECT_THAT(results("text"), ElementsAre("slow", "fast", "faster"));
  ASSERT_TRUE(end_);
  EXPECT_EQ(**end_, kOk);
  EXPECT_THAT(status(), HasSubstr("3 of 3 jobs, 0 failed: 30 tokens in 0.5 s"));
}

TEST_F(JobBatchTest, NoMoreJobsAreInFlightThanAllowed) {
  std::string text;
  for (int i = 0; i < 20; ++i) text += "{\"prompt\": \"x\", \"gen_length\": 100}\n";
  start(text, {.concurrency = 3});
  run(seconds(10));
  EXPECT_EQ(results("text").size(), 20u);
  EXPECT_EQ(max_running_, 3);
}

TEST_F(JobBatchTest, ALineThatIsNoJobFailsAloneAndIsNamed) {
  start(R"({"prompt": "a", "gen_length": 10}
{"promt": "b"}
{"prompt": "c", "gen_length": 10}
)");
  run(seconds(5));
  EXPECT_THAT(results("finish_reason"), ElementsAre("stop", "rejected", "stop"));
  std::fflush(out_);
  EXPECT_THAT(std::string(out_text_, out_size_), HasSubstr("job 2: "));
  EXPECT_EQ(**end_, kFailed);
}

TEST_F(JobBatchTest, AJobThatFindsTheServerFullIsSentAgain) {
  num_refusals_ = 3;
  start("{\"prompt\": \"a\", \"gen_length\": 10}\n");
  run(seconds(10));
  EXPECT_THAT(results("finish_reason"), ElementsAre("stop"));
  EXPECT_EQ(num_submits_, 4);
}

TEST_F(JobBatchTest, FlagsHoldForEveryLineThatDoesNotSayOtherwise) {
  actors::Submit common;
  common.parameters = {{"gen_length", "7"}, {"seed", "9"}};
  start("{\"prompt\": \"a\", \"gen_length\": 10}\n{\"prompt\": \"b\"}\n", {}, common);
  run(seconds(5));
  const std::vector<actors::Submit> submits = gateway_.heard_of<actors::Submit>();
  ASSERT_EQ(submits.size(), 2u);
  EXPECT_EQ(submits[0].parameters,
            (std::vector<actors::Parameter>{{"seed", "9"}, {"gen_length", "10"}}));
  EXPECT_EQ(submits[1].parameters, common.parameters);
}

TEST_F(JobBatchTest, ALinesIdComesBackWithItsResultWhateverBecomesOfIt) {
  start(R"({"id": "a", "prompt": "a", "gen_length": 10}
{"id": "b", "promt": "b"}
)");
  run(seconds(5));
  EXPECT_THAT(results("id"), ElementsAre("a", "b"));
  EXPECT_THAT(results("finish_reason"), ElementsAre("stop", "rejected"));
}

TEST_F(JobBatchTest, AFullDiskEndsItAndSaysHowManyResultsAreSafe) {
  std::fclose(out_);
  std::free(out_text_);
  out_text_ = nullptr;
  out_ = std::fopen("/dev/full", "w");
  std::string text;
  for (int i = 0; i < 10; ++i) text += "{\"prompt\": \"x\", \"gen_length\": 100}\n";
  text += "{\"prompt\": \"x\", \"gen_length\": 60000}\n";
  start(text, {.concurrency = 11});
  run(seconds(5));
  ASSERT_TRUE(end_);
  ASSERT_FALSE(*end_);
  EXPECT_EQ(end_->error().message, "stdout cannot be written: 0 of 11 results were");
  EXPECT_THAT(gateway_.heard_of<actors::Cancel>(), testing::Not(testing::IsEmpty()));
}

TEST_F(JobBatchTest, CancellingEndsWhatRunsAndStartsNothingElse) {
  std::string text;
  for (int i = 0; i < 10; ++i) text += "{\"prompt\": \"x\", \"gen_length\": 60000}\n";
  start(text, {.concurrency = 4});
  run(seconds(1));
  batch_->cancel();
  run(seconds(1));
  ASSERT_TRUE(end_);
  EXPECT_EQ(**end_, kInterrupted);
  EXPECT_EQ(num_submits_, 4);
  EXPECT_EQ(results("finish_reason"), std::vector<std::string>(4, "cancelled"));
}

TEST_F(JobBatchTest, AClusterThatIsLostEndsItOnce) {
  start("{\"prompt\": \"x\", \"gen_length\": 60000}\n{\"prompt\": \"x\", \"gen_length\": 60000}\n");
  run(seconds(1));
  simulation_.kill(rpc::kGateway);
  run(seconds(60));
  ASSERT_TRUE(end_);
  EXPECT_EQ(end_->error().code, ErrorCode::kUnavailable);
}

TEST_F(JobBatchTest, AnEmptyFileIsDone) {
  start(" \n\n");
  ASSERT_TRUE(end_);
  EXPECT_EQ(**end_, kOk);
}

}  // namespace
}  // namespace unmask::cli
