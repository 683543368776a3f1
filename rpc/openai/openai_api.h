#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/messages.h"
#include "rpc/http/http_server.h"
#include "rpc/openai/answer_names.h"
#include "rpc/openai/api_error.h"
#include "rpc/openai/api_keys.h"
#include "rpc/openai/generation_request.h"
#include "rpc/openai/http_clients.h"
#include "rpc/openai/token_text.h"
#include "runtime/actor/env.h"

namespace unmask::rpc {

/// The control tokens as text; empty: there is none.
struct TokenizerInfo {
  std::string bos, eos, pad, mask;
  std::string chat_template;  ///< Jinja
};

/// What the model's tokenizer does for requests that compute nothing.
struct ApiText {
  /// Answers once, on the control thread.
  std::function<void(actors::JobInput, std::function<void(Result<actors::TokenInput>)>)> tokenize;
  std::function<Result<std::string>(const std::vector<std::int32_t>&)> detokenize;
  /// A chat as the model reads it.
  std::function<Result<std::string>(const std::vector<tokenizer::ChatMessage>&)> render;
  TokenTexts token;
  /// Without what the checkpoint puts around a text.
  std::function<std::vector<std::int32_t>(std::vector<std::int32_t>)> unwrap;
  /// What clients that have no copy of the tokenizer have to know of it.
  std::function<Result<TokenizerInfo>()> info;
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
    std::size_t max_jobs_per_key = 256;  ///< that have not ended; without keys there is no limit
    /// Jobs that get no further for so long are stuck.
    std::chrono::milliseconds stall_after{60'000};
  };

  /// Everything outlives the server that it is added to.
  OpenAiApi(Env env, Options options, ApiText text, HttpClients& clients);

  void add_to(HttpServer& server);

 private:
  using Reply = std::shared_ptr<HttpReply>;

  /// A request that costs something: with who asks.
  using Handler = std::function<void(const HttpRequest&, const Reply&, std::size_t key)>;
  [[nodiscard]] HttpLateHandler guarded(const std::string& path, Handler handler);
  void add_job_routes(HttpServer& server);
  void count(const std::string& path, int status, double amount = 1);

  void generate(Endpoint endpoint, const std::string& path, const HttpRequest& request,
                const Reply& reply, std::size_t key);
  void list_models(const HttpRequest& request, const Reply& reply) const;
  void list_jobs(const HttpRequest& request, const Reply& reply, std::size_t key);
  void show_job(const HttpRequest& request, const Reply& reply, std::size_t key);
  void cancel_job(const HttpRequest& request, const Reply& reply, std::size_t key);
  void watch_job(const HttpRequest& request, const Reply& reply, std::size_t key);
  void show_status(const HttpRequest& request, const Reply& reply, std::size_t key);
  void show_progress(const HttpRequest& request, const Reply& reply);
  /// The jobs of the request that a path names, by its id or the client's own name for it.
  ///
  /// Errors  404
  [[nodiscard]] ApiResult<std::vector<JobId>> find_jobs(const HttpRequest& request,
                                                        std::size_t key) const;
  [[nodiscard]] std::optional<ApiError> quota_error(const GenerationRequest& wanted,
                                                    std::size_t key) const;
  void tokenize(const HttpRequest& request, const Reply& reply);
  void detokenize(const HttpRequest& request, const Reply& reply) const;
  void apply_template(const HttpRequest& request, const Reply& reply) const;
  void show_tokenizer(const Reply& reply) const;
  using Asked = std::function<bool(const actors::WireMessage&)>;
  /// Sends messages as a client of its own; on_message until it answers true.
  void ask(const HttpRequest& request, const Reply& reply, std::size_t key,
           std::vector<actors::WireMessage> questions, Asked on_message);
  void ask(const HttpRequest& request, const Reply& reply, std::size_t key,
           actors::WireMessage question, Asked on_message) {
    ask(request, reply, key, std::vector{std::move(question)}, std::move(on_message));
  }

  const Env env_;
  const Options options_;
  const ApiText text_;
  HttpClients& clients_;
  const std::int64_t started_at_;  ///< seconds of Unix time
  AnswerNames names_;
  std::map<std::size_t, std::size_t> num_jobs_of_key_;  ///< that have not ended
};

}  // namespace unmask::rpc
