#pragma once

#include <functional>
#include <memory>

#include "actors/gateway/tokenizer_service.h"
#include "actors/role/gateway_role.h"
#include "rpc/http/http_server.h"
#include "rpc/openai/openai_api.h"
#include "runtime/cli/process/process_host.h"
#include "runtime/config/cluster_config.h"

namespace unmask::cli {

/// OpenAI's API on the HTTP server of a gateway's process.
///
/// Its requests are clients of the gateway beside those of a wire: what the gateway says goes
/// through outgoing(), which tells them apart.
class GatewayHttp {
 public:
  /// All references outlive it.
  GatewayHttp(ProcessHost& host, actors::TokenizerService& text);
  GatewayHttp(const GatewayHttp&) = delete;
  GatewayHttp& operator=(const GatewayHttp&) = delete;

  [[nodiscard]] ActorRef<actors::Outgoing> outgoing(ActorRef<actors::Outgoing> wire);
  [[nodiscard]] ActorRef<actors::Disconnect> disconnect(ActorRef<actors::Disconnect> wire);
  [[nodiscard]] const rpc::HttpClients& clients() const { return clients_; }

  /// Adds the routes; from here on requests go to `role`.
  ///
  /// Errors  kInvalidArgument: the file with the keys
  Result<> serve(rpc::HttpServer& server, const actors::GatewayRole& role,
                 const ClusterConfig& config, const std::string& model, std::int32_t max_positions);

  /// Calls `done` once every answer has been sent, or has had time enough.
  void when_quiet(std::function<void()> done);

 private:
  [[nodiscard]] rpc::ApiText api_text();
  [[nodiscard]] Result<std::string> detokenize(const std::vector<std::int32_t>& tokens) const;
  [[nodiscard]] std::vector<std::int32_t> unwrap(std::vector<std::int32_t> tokens) const;
  [[nodiscard]] Result<rpc::TokenizerInfo> info() const;
  [[nodiscard]] Result<std::string> render(const std::vector<tokenizer::ChatMessage>& chat) const;
  void wait_until_quiet(Time latest, std::function<void()> done);

  ProcessHost& host_;
  actors::TokenizerService& text_;
  const actors::GatewayRole* role_ = nullptr;
  actors::Dispatch dispatch_;
  rpc::HttpServer* server_ = nullptr;
  rpc::HttpClients clients_;
  std::unique_ptr<rpc::OpenAiApi> api_;
};

}  // namespace unmask::cli
