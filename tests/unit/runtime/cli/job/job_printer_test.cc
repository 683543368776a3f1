#include "runtime/cli/job/job_printer.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <cstdlib>

#include "tests/unit/runtime/cli/committed.h"

namespace unmask::cli {
namespace {

using testing::HasSubstr;

/// A stream whose content can be looked at.
class Captured {
 public:
  Captured() : file_(open_memstream(&text_, &size_)) {}
  ~Captured() {
    std::fclose(file_);
    std::free(text_);
  }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;

  [[nodiscard]] std::FILE* file() const { return file_; }
  [[nodiscard]] std::string text() {
    std::fflush(file_);
    return {text_, size_};
  }

 private:
  char* text_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* file_;
};

actors::Finished finished(actors::FinishReason reason, const std::string& text) {
  actors::Finished finished;
  finished.reason = reason;
  finished.text = text;
  finished.tokens = {1, 2, 3};
  finished.figures.tokens = 3;
  finished.figures.forwards = 2;
  finished.figures.duration = std::chrono::milliseconds(100);
  return finished;
}

class JobPrinterTest : public testing::Test {
 protected:
  JobPrinter printer(JobPrinter::Style style, bool shows_status = false) {
    return JobPrinter({.style = style, .terminal = {}, .shows_status = shows_status}, out_.file(),
                      status_.file());
  }

  Captured out_;
  Captured status_;
};

TEST_F(JobPrinterTest, InAPipeTheReasonOfAWaitIsToldOnce) {
  JobPrinter printer = this->printer(JobPrinter::Style::kStream);
  printer.show(actors::Queued{{}, 2, "waiting for workers"});
  printer.show(actors::Queued{{}, 1, "waiting for workers"});
  printer.show(actors::Queued{{}, 1, ""});
  printer.show(actors::Queued{{}, 1, "waiting for KV pages"});
  EXPECT_EQ(status_.text(), "unmask: waiting for workers\nunmask: waiting for KV pages\n");
  EXPECT_EQ(out_.text(), "");
}

TEST_F(JobPrinterTest, AStreamIsTheTextOfTheBlocksAndOneNewline) {
  JobPrinter printer = this->printer(JobPrinter::Style::kStream);
  printer.show(committed("Hello"));
  EXPECT_EQ(out_.text(), "Hello");
  printer.show(actors::Frame{});
  printer.show(actors::Queued{});
  printer.show(committed(", world"));
  EXPECT_EQ(printer.show(finished(actors::FinishReason::kStop, "Hello, world")), kOk);
  EXPECT_EQ(out_.text(), "Hello, world\n");
  EXPECT_THAT(status_.text(), testing::StartsWith("3 tokens in 2 forwards"));
}

TEST_F(JobPrinterTest, AStreamCannotCommandATerminalAndIsWholeInAPipe) {
  for (const auto& [is_tty, shown] :
       {std::pair(true, "a [2J\nb"), std::pair(false, "a\x1b[2J\nb")}) {
    Captured out;
    JobPrinter::Options options;
    options.terminal.is_tty = is_tty;
    JobPrinter(options, out.file(), status_.file()).show(committed("a\x1b[2J\nb"));
    EXPECT_EQ(out.text(), shown);
  }
}

TEST_F(JobPrinterTest, AStreamThatEndsWithANewlineGetsNoOther) {
  JobPrinter printer = this->printer(JobPrinter::Style::kStream);
  printer.show(committed("Hello\n"));
  EXPECT_EQ(printer.show(finished(actors::FinishReason::kLength, "Hello\n")), kOk);
  EXPECT_EQ(out_.text(), "Hello\n");
}

TEST_F(JobPrinterTest, JsonIsOneObjectAtTheEnd) {
  JobPrinter printer = this->printer(JobPrinter::Style::kJson);
  printer.show(committed("Hi"));
  EXPECT_EQ(out_.text(), "");
  EXPECT_EQ(printer.show(finished(actors::FinishReason::kStop, "Hi")), kOk);
  const boost::json::object object = boost::json::parse(out_.text()).as_object();
  EXPECT_EQ(object.at("text"), "Hi");
  EXPECT_EQ(object.at("tokens"), 3);
  EXPECT_EQ(object.at("forwards"), 2);
  EXPECT_EQ(object.at("tokens_per_forward"), 1.5);
  EXPECT_EQ(object.at("finish_reason"), "stop");
}

TEST_F(JobPrinterTest, ATerminalIsToldTheFiguresBesideTheText) {
  JobPrinter printer = this->printer(JobPrinter::Style::kStream, true);
  EXPECT_EQ(printer.show(finished(actors::FinishReason::kStop, "")), kOk);
  EXPECT_EQ(status_.text(), "3 tokens in 2 forwards (1.5 a forward), 0.10 s (30 tokens/s)\n");
  EXPECT_EQ(out_.text(), "");
}

TEST_F(JobPrinterTest, TheFiguresSayWhenTheFirstBlockCame) {
  JobPrinter printer = this->printer(JobPrinter::Style::kStream, true);
  actors::Finished end = finished(actors::FinishReason::kStop, "");
  end.figures.blocks = 1;
  end.figures.time_to_first_block = std::chrono::milliseconds(40);
  EXPECT_EQ(printer.show(end), kOk);
  EXPECT_THAT(status_.text(), testing::EndsWith("tokens/s), first block after 0.04 s\n"));
}

TEST_F(JobPrinterTest, APlaceInTheQueueIsClearedBeforeTheText) {
  JobPrinter printer = this->printer(JobPrinter::Style::kStream, true);
  printer.show(actors::Queued{{}, 3, "no pages"});
  printer.show(committed("Hi"));
  EXPECT_EQ(status_.text(), "waiting at place 3: no pages\r\x1b[K");
}

TEST_F(JobPrinterTest, WhatEndsBeforeItsTimeSaysSoAndHasItsOwnExitCode) {
  EXPECT_EQ(
      printer(JobPrinter::Style::kStream).show(finished(actors::FinishReason::kCancelled, "")),
      kInterrupted);
  EXPECT_THAT(status_.text(), HasSubstr("cancelled"));
  EXPECT_EQ(printer(JobPrinter::Style::kStream).show(finished(actors::FinishReason::kDeadline, "")),
            kFailed);
  EXPECT_THAT(status_.text(), HasSubstr("deadline"));
}

TEST_F(JobPrinterTest, AnErrorIsReportedWithTheExitCodeOfItsClass) {
  actors::Finished lost = finished(actors::FinishReason::kError, "");
  lost.error = Error{ErrorCode::kUnavailable, "the device is gone"};
  testing::internal::CaptureStderr();
  EXPECT_EQ(printer(JobPrinter::Style::kStream).show(lost), kDeviceLost);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "unmask: error: the device is gone\n");
}

TEST_F(JobPrinterTest, ARefusalIsReportedAndInJsonAnObjectToo) {
  const actors::Rejected rejected{{}, {ErrorCode::kInvalidArgument, "no such parameter"}};
  testing::internal::CaptureStderr();
  EXPECT_EQ(printer(JobPrinter::Style::kJson).show(rejected), kUsage);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "unmask: error: no such parameter\n");
  EXPECT_EQ(boost::json::parse(out_.text()).at("finish_reason"), "rejected");
}

TEST_F(JobPrinterTest, FramesAreAskedForOnlyWhereTheyAreDrawn) {
  EXPECT_TRUE(printer(JobPrinter::Style::kCanvas).subscription().frames);
  EXPECT_FALSE(printer(JobPrinter::Style::kStream).subscription().frames);
  EXPECT_FALSE(printer(JobPrinter::Style::kJson).subscription().blocks);
}

TEST_F(JobPrinterTest, AnInterruptedCanvasStaysWithACursorBelowIt) {
  for (const auto reason : {actors::FinishReason::kCancelled, actors::FinishReason::kDeadline}) {
    Captured out;
    JobPrinter printer({.style = JobPrinter::Style::kCanvas}, out.file(), status_.file());
    actors::Frame frame;
    frame.positions = {0, 2};
    frame.cells = {{5, false, 0.9f, "Hi"}};
    printer.show(frame);
    const std::string before = out.text();
    EXPECT_NE(printer.show(finished(reason, "")), kOk);
    EXPECT_EQ(out.text(), before + "\n");
  }
}

TEST_F(JobPrinterTest, ACanvasThatIsLeftWithoutAnEndStaysToo) {
  actors::Frame frame;
  frame.positions = {0, 2};
  {
    JobPrinter printer({.style = JobPrinter::Style::kCanvas}, out_.file(), status_.file());
    printer.show(frame);
  }
  EXPECT_THAT(out_.text(), testing::EndsWith("░░\x1b[J\n"));
}

TEST_F(JobPrinterTest, ACanvasThatHasItsEndGetsNothingMore) {
  std::string at_its_end;
  {
    JobPrinter printer({.style = JobPrinter::Style::kCanvas}, out_.file(), status_.file());
    printer.show(committed("Hello"));
    EXPECT_EQ(printer.show(finished(actors::FinishReason::kStop, "Hello")), kOk);
    at_its_end = out_.text();
  }
  EXPECT_EQ(out_.text(), at_its_end);
  EXPECT_THAT(at_its_end, testing::EndsWith("Hello\x1b[J\n"));
}

TEST_F(JobPrinterTest, FiguresAndPlacesFitTheTerminal) {
  for (const int width : {200, 80, 60, 30}) {
    Captured status;
    JobPrinter printer({.style = JobPrinter::Style::kStream,
                        .shows_status = true,
                        .status_width = [width] { return width; }},
                       out_.file(), status.file());
    printer.show(actors::Queued{{}, 3, std::string(100, 'x')});
    EXPECT_LT(status.text().size(), std::size_t(width));
    const std::size_t before = status.text().size();
    actors::Finished end = finished(actors::FinishReason::kStop, "");
    end.figures.blocks = 2;
    EXPECT_EQ(printer.show(end), kOk);
    const std::string line = status.text().substr(before + 4);  // behind what clears the place
    EXPECT_LE(line.size(), std::size_t(width)) << line;
    EXPECT_THAT(line, testing::StartsWith("3 tokens in 2 forwards"));
  }
}

}  // namespace
}  // namespace unmask::cli
