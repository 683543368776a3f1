#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/messages.h"
#include "rpc/http/http_server.h"
#include "rpc/openai/api_keys.h"
#include "rpc/openai/generation_request.h"
#include "rpc/openai/http_clients.h"
#include "runtime/actor/env.h"

namespace unmask::rpc {

/// What the model's tokenizer does for requests that compute nothing.
struct ApiText {
  /// Answers once, on the control thread.
  std::function<void(actors::JobInput, std::function<void(Result<actors::TokenInput>)>)> tokenize;
  std::function<Result<std::string>(const std::vector<std::int32_t>&)> detokenize;
  /// A chat as the model reads it.
  std::function<Result<std::string>(const std::vector<tokenizer::ChatMessage>&)> render;
  /// One token, for people.
  std::function<std::string(std::int32_t)> piece;
};

/// OpenAI's HTTP API in front of a gateway, with a few routes that other servers have.
///
/// It knows no actor: each request is a client like those over ZeroMQ. Control thread only.
class OpenAiApi {
 public:
  struct Options {
    std::string model;
    std::string version;
    std::int32_t max_positions = 0;  ///< of a canvas: prompt and answer
    ApiKeys keys{{}};
  };

  /// Everything outlives the server that it is added to.
  OpenAiApi(Env env, Options options, ApiText text, HttpClients& clients);

  void add_to(HttpServer& server);

 private:
  using Reply = std::shared_ptr<HttpReply>;

  /// A request that costs something: with who asks.
  using Handler = std::function<void(const HttpRequest&, const Reply&, std::size_t key)>;
  [[nodiscard]] HttpLateHandler guarded(const std::string& path, Handler handler);
  void count(const std::string& path, int status, double amount = 1);

  void generate(Endpoint endpoint, const std::string& path, const HttpRequest& request,
                const Reply& reply, std::size_t key);
  void list_models(const HttpRequest& request, const Reply& reply) const;
  void list_jobs(const HttpRequest& request, const Reply& reply, std::size_t key);
  void cancel_job(const HttpRequest& request, const Reply& reply, std::size_t key);
  void tokenize(const HttpRequest& request, const Reply& reply);
  void detokenize(const HttpRequest& request, const Reply& reply) const;
  void apply_template(const HttpRequest& request, const Reply& reply) const;
  /// Sends one message as a client of its own; on_message until it answers true.
  void ask(const HttpRequest& request, const Reply& reply, std::size_t key,
           actors::WireMessage question,
           std::function<bool(const actors::WireMessage&)> on_message);

  const Env env_;
  const Options options_;
  const ApiText text_;
  HttpClients& clients_;
  const std::int64_t started_at_;  ///< seconds of Unix time
};

}  // namespace unmask::rpc
