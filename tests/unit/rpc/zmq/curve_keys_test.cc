#include "rpc/zmq/curve_keys.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>

#include "tests/unit/temporary_folder.h"

namespace unmask::rpc {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class CurveKeysTest : public testing::Test {
 protected:
  fs::path write(const std::string& text, fs::perms perms = fs::perms::owner_read) const {
    const fs::path path = folder.write("written", text);
    fs::permissions(path, perms);
    return path;
  }

  const TemporaryFolder folder;
};

TEST_F(CurveKeysTest, WhatIsWrittenIsRead) {
  const CurveKeyPair keys = make_curve_keys();
  ASSERT_TRUE(write_curve_keys(keys, folder / "node"));
  const Result<CurveKeyPair> read = read_curve_keys(folder / "node");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->secret_key, keys.secret_key);
  EXPECT_EQ(read->public_key, keys.public_key);
  EXPECT_EQ(*read_curve_public_key(folder / "node.pub"), keys.public_key);
  EXPECT_NE(make_curve_keys().secret_key, keys.secret_key);
}

TEST_F(CurveKeysTest, OnlyTheOwnerCanReadTheSecretKey) {
  ASSERT_TRUE(write_curve_keys(make_curve_keys(), folder / "node"));
  EXPECT_EQ(fs::status(folder / "node").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  const fs::path open = write(make_curve_keys().secret_key, fs::perms(0644));
  const Result<CurveKeyPair> read = read_curve_keys(open);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, HasSubstr("chmod 600"));
  EXPECT_THAT(read.error().message, HasSubstr(open.string()));
  EXPECT_TRUE(read_curve_public_key(open));
}

TEST_F(CurveKeysTest, AKeyIsNeverOverwritten) {
  const CurveKeyPair first = make_curve_keys();
  ASSERT_TRUE(write_curve_keys(first, folder / "node"));
  const Result<> again = write_curve_keys(make_curve_keys(), folder / "node");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(again.error().message, HasSubstr((folder / "node").string()));
  fs::remove(folder / "node");
  EXPECT_FALSE(write_curve_keys(make_curve_keys(), folder / "node"));
  EXPECT_FALSE(fs::exists(folder / "node")) << "a pair is written whole or not at all";
  EXPECT_EQ(*read_curve_public_key(folder / "node.pub"), first.public_key);
}

TEST_F(CurveKeysTest, AKeyThatFindsNoRoomLeavesNothingBehind) {
  const auto old_handler = ::signal(SIGXFSZ, SIG_IGN);
  rlimit sizes{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &sizes), 0);
  for (const rlim_t room : {0, 10}) {
    const rlimit narrow{room, sizes.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &narrow), 0);
    const Result<> written = write_curve_keys(make_curve_keys(), folder / "node");
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &sizes), 0);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::kUnavailable);
    EXPECT_THAT(written.error().message, HasSubstr((folder / "node").string()));
    EXPECT_EQ(folder.num_files(), 0u);
  }
  ::signal(SIGXFSZ, old_handler);
  EXPECT_TRUE(write_curve_keys(make_curve_keys(), folder / "node"));
}

TEST_F(CurveKeysTest, AFileWithoutAKeyIsNamedAndNotQuoted) {
  const std::string key = make_curve_keys().secret_key;
  for (const std::string& text : {std::string(), key.substr(1), key + "x", key + key + key + key,
                                  "\"" + key.substr(1), std::string(1 << 20, 'a')}) {
    const fs::path path = write(text, fs::perms::owner_all);
    const Result<CurveKeyPair> read = read_curve_keys(path);
    ASSERT_FALSE(read) << text;
    EXPECT_THAT(read.error().message, HasSubstr(path.string()));
    EXPECT_THAT(read.error().message, testing::Not(HasSubstr(key.substr(1))));
  }
  EXPECT_TRUE(read_curve_keys(write(key + " \r\n", fs::perms::owner_all)));
  EXPECT_EQ(read_curve_keys(folder / "missing").error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(read_curve_keys(folder.path()));
}

}  // namespace
}  // namespace unmask::rpc
