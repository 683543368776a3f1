#include "runtime/config/config.h"

#include <gmock/gmock.h>

#include "tests/unit/temporary_folder.h"

namespace unmask {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

class ConfigTest : public testing::Test {
 protected:
  ConfigTest() { inputs_.file = folder_.write("cluster.toml", ""); }

  Result<LoadedConfig> load(const std::string& text) {
    folder_.write("cluster.toml", text);
    return load_config(inputs_);
  }

  /// The error, without the folder in front of the file's name.
  std::string error_of(const std::string& text) {
    const auto loaded = load(text);
    if (loaded) return "";
    const std::string folder = folder_.path().string() + "/";
    std::string message = loaded.error().message;
    const std::size_t at = message.find(folder);
    return at == std::string::npos ? message : message.erase(at, folder.size());
  }

  static ConfigEntry entry(const LoadedConfig& loaded, const std::string& key) {
    for (const ConfigEntry& candidate : loaded.entries) {
      if (candidate.key == key) return candidate;
    }
    ADD_FAILURE() << "no entry " << key;
    return {};
  }

  const TemporaryFolder folder_;
  ConfigInputs inputs_;
};

TEST_F(ConfigTest, EmptyFileIsTheDefaults) {
  const auto loaded = load("");
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->config.gateway.address, (HostPort{"127.0.0.1", 7400}));
  EXPECT_EQ(entry(*loaded, "model.dir").source, ConfigSource::kDefault);
  EXPECT_THAT(loaded->warnings, IsEmpty());
}

TEST_F(ConfigTest, AFileOfAnotherSystemIsTheSame) {
  const auto loaded = load("\xef\xbb\xbf[model]\r\ndir = \"m\"\r\n");
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->config.model.dir, "m");
}

TEST_F(ConfigTest, EveryKindOfValueIsRead) {
  const auto loaded = load(R"(
[cluster]
workers = 2
heartbeat = "0.1s"
[model]
dir = "zoo"
mask_id = 5
[gateway]
address = "[::1]:9000"
[security]
insecure = true
allowed_clients = ["a.pub", "b.pub"]
[compute]
kv_memory = "4GiB"
[limits]
max_waiting = 12
)");
  ASSERT_TRUE(loaded) << loaded.error().message;
  const ClusterConfig& config = loaded->config;
  EXPECT_EQ(config.cluster.workers, 2);
  EXPECT_EQ(config.cluster.heartbeat, 100ms);
  EXPECT_EQ(config.model.dir, "zoo");
  EXPECT_EQ(config.model.mask_id, 5);
  EXPECT_EQ(config.gateway.address, (HostPort{"::1", 9000}));
  EXPECT_TRUE(config.security.insecure);
  EXPECT_THAT(config.security.allowed_clients, ElementsAre("a.pub", "b.pub"));
  EXPECT_EQ(config.compute.kv_memory, std::int64_t(4) << 30);
  EXPECT_EQ(config.limits.max_waiting, 12);
}

TEST_F(ConfigTest, FlagBeatsEnvironmentBeatsFileBeatsDefault) {
  inputs_.environment = {{"UNMASK_MODEL_DIR", "/env"}, {"UNMASK_MODEL_DTYPE", "bf16"}};
  inputs_.flags = {{"model.dir", "/flag", "--model"}};
  const auto loaded = load("[model]\ndir = \"/file\"\ndtype = \"f32\"\nmask_id = 7\n");
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->config.model.dir, "/flag");
  EXPECT_EQ(loaded->config.model.dtype, "bf16");
  EXPECT_EQ(loaded->config.model.mask_id, 7);

  EXPECT_EQ(entry(*loaded, "model.dir").source, ConfigSource::kFlag);
  EXPECT_EQ(entry(*loaded, "model.dir").origin, "--model");
  EXPECT_EQ(entry(*loaded, "model.dtype").source, ConfigSource::kEnvironment);
  EXPECT_EQ(entry(*loaded, "model.dtype").origin, "UNMASK_MODEL_DTYPE");
  EXPECT_EQ(entry(*loaded, "model.mask_id").source, ConfigSource::kFile);
  EXPECT_EQ(entry(*loaded, "model.mask_id").origin, inputs_.file + ":4");
  EXPECT_EQ(entry(*loaded, "model.numerics").source, ConfigSource::kDefault);
  EXPECT_EQ(entry(*loaded, "model.numerics").origin, "");
}

TEST_F(ConfigTest, WhatIsShownReadsTheSame) {
  const auto loaded = load("[compute]\nkv_memory = \"3MiB\"\n[limits]\nstep_timeout = \"90s\"\n");
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(entry(*loaded, "compute.kv_memory").value, "3MiB");
  EXPECT_EQ(entry(*loaded, "limits.step_timeout").value, "90s");
  for (const ConfigEntry& shown : loaded->entries) {
    inputs_.flags.push_back({shown.key, shown.value, "--set"});
  }
  const auto again = load("");
  ASSERT_TRUE(again) << again.error().message;
  for (std::size_t i = 0; i < loaded->entries.size(); ++i) {
    EXPECT_EQ(again->entries[i].value, loaded->entries[i].value) << loaded->entries[i].key;
  }
}

TEST_F(ConfigTest, WorkersAreReadWithTheirDefaults) {
  const auto loaded = load(R"(
[cluster]
workers = 2
[compute]
threads = 4
[[worker]]
rank = 0
host = "10.0.0.2"
[[worker]]
rank = 1
host = "10.0.0.3"
threads = 2
)");
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->config.worker(0, 0).host, "10.0.0.2");
  EXPECT_EQ(loaded->config.worker(0, 0).threads, 4);
  EXPECT_EQ(loaded->config.worker(0, 1).threads, 2);
  EXPECT_EQ(entry(*loaded, "worker[1].host").value, "10.0.0.3");
}

TEST_F(ConfigTest, UnknownKeysAreErrorsThatNameTheNearest) {
  EXPECT_EQ(error_of("[model]\ndirr = \"x\"\n"),
            "cluster.toml:2: unknown key \"model.dirr\" (did you mean \"model.dir\"?)");
  EXPECT_EQ(error_of("[[worker]]\nrnak = 1\n"),
            "cluster.toml:2: unknown key \"rnak\" in [[worker]] (did you mean \"rank\"?)");
  EXPECT_EQ(error_of("[nonsense]\nblue = 1\n"), "cluster.toml:2: unknown key \"nonsense.blue\"");
  inputs_.flags = {{"modeldir", "x", "--set"}};
  EXPECT_EQ(error_of(""), "--set: unknown key \"modeldir\" (did you mean \"model.dir\"?)");
}

TEST_F(ConfigTest, ValuesOfTheWrongKindAreErrorsThatNameFileLineAndKey) {
  EXPECT_EQ(error_of("[cluster]\nworkers = \"two\"\n"),
            "cluster.toml:2: cluster.workers: \"two\" is not a whole number");
  EXPECT_EQ(error_of("[cluster]\n\nheartbeat = 250\n"),
            "cluster.toml:3: cluster.heartbeat: 250 is not a duration like 250ms, 2.5s or 1min");
  EXPECT_EQ(error_of("[cluster]\nworkers = 99999999999\n"),
            "cluster.toml:2: cluster.workers: 99999999999 is not a number that fits 32 bits");
  EXPECT_EQ(error_of("[gateway]\naddress = \"nowhere\"\n"),
            "cluster.toml:2: gateway.address: \"nowhere\" is not an address like 127.0.0.1:7400");
  EXPECT_EQ(error_of("[security]\ncurve = 1\n"),
            "cluster.toml:2: security.curve: 1 is not true or false");
  EXPECT_EQ(error_of("[compute]\nkv_memory = \"4GB\"\n"),
            "cluster.toml:2: compute.kv_memory: \"4GB\" is not a whole number or a size like "
            "512MiB or 4GiB");
  EXPECT_EQ(error_of("[model]\ndir = {}\n"),
            "cluster.toml:2: model.dir is neither text, number, true, false nor a list of texts");
  inputs_.environment = {{"UNMASK_SECURITY_CURVE", "yes"}};
  EXPECT_EQ(error_of(""), "UNMASK_SECURITY_CURVE: security.curve: \"yes\" is not true or false");
}

TEST_F(ConfigTest, WhatIsNoClusterFileIsRefusedWithItsLine) {
  EXPECT_THAT(error_of("[model]\ndir = \"open\n"), HasSubstr("cluster.toml:2: "));
  EXPECT_EQ(error_of("dir = \"x\"\n"), "cluster.toml:1: \"dir\" stands outside of a [section]");
  EXPECT_EQ(error_of("[worker]\nrank = 1\n"),
            "cluster.toml:1: worker must be written as [[worker]]");
  EXPECT_THAT(error_of(std::string(100, '\0')), HasSubstr("cluster.toml:1: "));
  EXPECT_THAT(error_of("[a]\nb = " + std::string(5000, '[')), HasSubstr("cluster.toml:2: "));
  EXPECT_EQ(error_of(std::string(2 << 20, '#')), "cluster.toml is larger than 1 MiB");
  inputs_.file = "/no/such/file";
  EXPECT_EQ(load_config(inputs_).error().message, "cannot read the cluster file /no/such/file");
  inputs_.file = folder_.path();
  EXPECT_FALSE(load_config(inputs_));
}

TEST_F(ConfigTest, VariablesThatLookLikeTypingMistakesAreWarnedOf) {
  inputs_.environment = {
      {"UNMASK_MODEL_DRI", "x"}, {"UNMASK_GATEWAY_SERVICE_HOST", "10.0.0.1"}, {"UNMASK_", "x"}};
  const auto loaded = load("");
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_THAT(loaded->warnings,
              ElementsAre("UNMASK_MODEL_DRI is no setting (did you mean \"UNMASK_MODEL_DIR\"?)"));
}

TEST_F(ConfigTest, EnvironmentIsThisProcesses) {
  ::setenv("UNMASK_MODEL_DIR", "/a=b", 1);
  const auto environment = config_environment();
  ::unsetenv("UNMASK_MODEL_DIR");
  EXPECT_EQ(environment.at("UNMASK_MODEL_DIR"), "/a=b");
  EXPECT_FALSE(environment.contains("PATH"));
}

TEST_F(ConfigTest, CountsAreShownAsCountsAndSizesAsSizes) {
  const auto loaded = load_config({.flags = {{"compute.kv_memory", "1048576", "--kv-memory"}}});
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(entry(*loaded, "limits.max_waiting").value, "1024");
  EXPECT_EQ(entry(*loaded, "limits.max_connections").value, "1024");
  EXPECT_EQ(entry(*loaded, "compute.kv_memory").value, "1MiB");
}

TEST_F(ConfigTest, EverySettingSaysWhatItIs) {
  const auto loaded = load_config({});
  ASSERT_TRUE(loaded) << loaded.error().message;
  for (const ConfigEntry& entry : loaded->entries) EXPECT_NE(entry.help, "") << entry.key;
  for (const ConfigEntry& entry : worker_settings()) EXPECT_NE(entry.help, "") << entry.key;
  EXPECT_EQ(worker_settings().front().key, "worker.replica");
}

}  // namespace
}  // namespace unmask
