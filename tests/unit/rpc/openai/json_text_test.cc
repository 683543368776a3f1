#include "rpc/openai/json_text.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>

namespace unmask::rpc {
namespace {

TEST(JsonTextTest, NumbersAreAsPeopleWriteThem) {
  EXPECT_EQ(json_text({6.7, 275.9086, 7.0, -0.25, 1e-9, 3, -4, 18446744073709551615u}),
            "[6.7,275.9086,7,-0.25,1e-09,3,-4,18446744073709551615]");
  EXPECT_EQ(json_text({INFINITY, NAN}), "[null,null]");
}

TEST(JsonTextTest, WhatIsParsedComesBackTheSame) {
  const char* text =
      R"({"a":[],"b":{},"c":[1,[2.5,{"d":null}],true],"quote \" and line\n":"\u0001é"})";
  const boost::json::value value = boost::json::parse(text);
  EXPECT_EQ(json_text(value), text);
  EXPECT_EQ(boost::json::parse(json_text(value)), value);
}

}  // namespace
}  // namespace unmask::rpc
