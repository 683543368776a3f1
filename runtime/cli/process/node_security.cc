#include "runtime/cli/process/node_security.h"

#include "rpc/zmq/curve_keys.h"
#include "rpc/zmq/zmq_endpoint.h"

namespace unmask::cli {
namespace {

Error of_setting(const std::string& setting, const Error& error) {
  return {error.code, "security." + setting + ": " + error.message};
}

Result<rpc::ZmqOptions> with_own_keys(const ClusterConfig::Security& security) {
  rpc::ZmqOptions options;
  if (!security.curve) return options;
  const Result<rpc::CurveKeyPair> keys = rpc::read_curve_keys(security.secret_key);
  if (!keys) return of_setting("secret_key", keys.error());
  options.curve = *keys;
  return options;
}

Result<rpc::ZmqOptions> listener(const ClusterConfig::Security& security, const HostPort& address,
                                 const std::string& setting,
                                 const std::vector<std::string>& allowed) {
  const Result<> exposed = rpc::check_exposure(address, security.curve, security.insecure);
  if (!exposed) return exposed.error();
  Result<rpc::ZmqOptions> options = with_own_keys(security);
  if (!options || !security.curve) return options;
  for (const std::string& file : allowed) {
    const Result<std::string> key = rpc::read_curve_public_key(file);
    if (!key) return of_setting(setting, key.error());
    options->allowed_keys.push_back(*key);
  }
  return options;
}

}  // namespace

Result<rpc::ZmqOptions> coordinator_listener(const ClusterConfig& config) {
  return listener(config.security, config.coordinator.address, "allowed_nodes",
                  config.security.allowed_nodes);
}

Result<rpc::ZmqOptions> coordinator_dialer(const ClusterConfig& config) {
  Result<rpc::ZmqOptions> options = with_own_keys(config.security);
  if (!options || !config.security.curve) return options;
  const Result<std::string> key = rpc::read_curve_public_key(config.security.coordinator_key);
  if (!key) return of_setting("coordinator_key", key.error());
  options->server_key = *key;
  return options;
}

Result<rpc::ZmqOptions> gateway_listener(const ClusterConfig& config) {
  std::vector<std::string> allowed = config.security.allowed_clients;
  allowed.insert(allowed.end(), config.security.operators.begin(), config.security.operators.end());
  return listener(config.security, config.gateway.address, "allowed_clients or operators", allowed);
}

Result<std::set<std::string>> operator_keys(const ClusterConfig& config) {
  std::set<std::string> keys;
  if (!config.security.curve) return keys;
  for (const std::string& file : config.security.operators) {
    const Result<std::string> key = rpc::read_curve_public_key(file);
    if (!key) return of_setting("operators", key.error());
    keys.insert(*key);
  }
  return keys;
}

}  // namespace unmask::cli
