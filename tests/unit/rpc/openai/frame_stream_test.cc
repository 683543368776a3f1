#include "rpc/openai/frame_stream.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace unmask::rpc {
namespace {

namespace json = boost::json;
using Cell = actors::Frame::Cell;

const Cell kOpenHole;

Cell decided(std::int32_t token, float confidence = 1) {
  return {token, false, confidence, "t" + std::to_string(token)};
}
Cell guessed(std::int32_t token, float confidence) {
  return {token, true, confidence, "t" + std::to_string(token)};
}

/// Frames of one block, each later than the interval.
class FrameStreamTest : public testing::Test {
 protected:
  actors::Frame frame(std::vector<Cell> cells) const {
    actors::Frame frame;
    frame.block = block_;
    frame.iteration = 7;
    frame.positions = {10, 10 + std::int32_t(cells.size())};
    frame.num_holes = 2;
    frame.cells = std::move(cells);
    return frame;
  }

  std::optional<json::object> take(std::vector<Cell> cells) {
    now_ += FrameStream::kInterval;
    return stream_.take(frame(std::move(cells)), now_, false);
  }
  json::value changes(std::vector<Cell> cells) {
    const auto said = take(std::move(cells));
    return said ? said->at("changes") : nullptr;
  }

  std::int32_t block_ = 3;
  Time now_{std::chrono::hours(1)};
  FrameStream stream_;
};

TEST_F(FrameStreamTest, TheFirstFrameOfABlockNamesEveryPosition) {
  const auto said = take({decided(5, 0.25f), kOpenHole, guessed(6, 0.5f)});
  ASSERT_TRUE(said);
  EXPECT_EQ(
      json::value(*said),
      json::parse(R"({"block":3,"step":7,"base":10,"length":3,"masked":2,"full":true,"changes":[)"
                  R"([0,"t5","committed",0.25,5],[1,null,"hole",null,null],)"
                  R"([2,"t6","guess",0.5,6]]})"));
}

TEST_F(FrameStreamTest, OthersSayWhatChanged) {
  (void)take({kOpenHole, guessed(6, 0.5f), decided(1), decided(2)});
  EXPECT_EQ(
      changes({decided(4), guessed(6, 0.52f), decided(1, actors::Frame::kUnknown), kOpenHole}),
      json::parse(R"([[0,"t4","committed",1.0,4],[3,null,"remasked",null,null]])"));
  EXPECT_EQ(changes({decided(9, actors::Frame::kUnknown), guessed(6, 0.9f), decided(1), kOpenHole}),
            json::parse(R"([[0,"t9","edited",null,9],[1,"t6","guess",0.9,6]])"));
  EXPECT_EQ(changes({decided(9), guessed(6, 0.9f), decided(1), kOpenHole}), nullptr);
}

TEST_F(FrameStreamTest, ThePlaceOfARemaskedTokenIsGuessedLater) {
  (void)take({decided(4), kOpenHole});
  EXPECT_EQ(changes({guessed(5, 0.5f), kOpenHole}),
            json::parse(R"([[0,null,"remasked",null,null]])"));
  EXPECT_EQ(changes({guessed(5, 0.5f), kOpenHole}), json::parse(R"([[0,"t5","guess",0.5,5]])"));
}

TEST_F(FrameStreamTest, AnotherBlockBeginsAgain) {
  (void)take({decided(4), kOpenHole});
  block_ = 4;
  EXPECT_EQ(changes({kOpenHole, kOpenHole}),
            json::parse(R"([[0,null,"hole",null,null],[1,null,"hole",null,null]])"));
}

TEST_F(FrameStreamTest, AFrameSoonAfterAnotherOrForWhoIsBehindWaitsForTheNext) {
  (void)take({kOpenHole, kOpenHole});
  EXPECT_FALSE(stream_.take(frame({decided(1), kOpenHole}), now_, false));
  now_ += FrameStream::kInterval;
  EXPECT_FALSE(stream_.take(frame({decided(1), guessed(2, 0.5f)}), now_, true));
  const auto waited = stream_.flush();
  ASSERT_TRUE(waited);
  EXPECT_EQ(waited->at("changes"),
            json::parse(R"([[0,"t1","committed",1.0,1],[1,"t2","guess",0.5,2]])"));
  EXPECT_FALSE(stream_.flush());
}

}  // namespace
}  // namespace unmask::rpc
