#include "rpc/openai/openai_api.h"

#include <boost/json.hpp>
#include <utility>

#include "rpc/client/job_id.h"
#include "rpc/openai/chat_messages.h"
#include "rpc/openai/generation.h"
#include "rpc/openai/json_fields.h"
#include "rpc/openai/json_page.h"
#include "rpc/openai/parameter_table.h"

namespace unmask::rpc {
namespace {

namespace json = boost::json;

std::int64_t seconds_of(const Clock& clock) {
  return std::chrono::duration_cast<std::chrono::seconds>(clock.unix_time()).count();
}

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }

/// The client's own name for a request, if it gave one.
std::string own_name(const GenerationRequest& wanted, const HttpRequest& request) {
  if (!wanted.name.empty()) return wanted.name;
  return request.has_own_id ? request.id : "";
}

}  // namespace

OpenAiApi::OpenAiApi(Env env, Options options, ApiText text, HttpClients& clients)
    : env_(env),
      options_(std::move(options)),
      text_(std::move(text)),
      clients_(clients),
      started_at_(seconds_of(env.clock)) {}

void OpenAiApi::add_to(HttpServer& server) {
  server.dress_refusals(as_api_error);
  const auto add = [&](const char* method, const std::string& path, Handler handler) {
    server.route(method, path, guarded(path, std::move(handler)));
  };
  const auto add_generation = [&](const char* path, Endpoint endpoint) {
    count(path, 200, 0);
    add("POST", path, [=, this](const auto& request, const auto& reply, std::size_t key) {
      generate(endpoint, path, request, reply, key);
    });
  };
  add_generation("/v1/chat/completions", Endpoint::kChat);
  add_generation("/v1/completions", Endpoint::kText);
  add_generation("/v1/infill", Endpoint::kInfill);
  for (const char* path : {"/v1/models", "/v1/models/*"}) {
    add("GET", path, [this](const auto& request, const auto& reply, std::size_t /*key*/) {
      list_models(request, reply);
    });
  }
  add("GET", "/v1/parameters", [](const auto& /*request*/, const auto& reply, std::size_t /*key*/) {
    reply->answer(json_text_page(parameter_table_json()));
  });
  add_job_routes(server);
  add("POST", "/tokenize", [this](const auto& request, const auto& reply, std::size_t /*key*/) {
    tokenize(request, reply);
  });
  add("POST", "/detokenize", [this](const auto& request, const auto& reply, std::size_t /*key*/) {
    detokenize(request, reply);
  });
  add("POST", "/apply-template",
      [this](const auto& request, const auto& reply, std::size_t /*key*/) {
        apply_template(request, reply);
      });
  add("GET", "/tokenizer_info",
      [this](const auto& /*request*/, const auto& reply, std::size_t /*key*/) {
        show_tokenizer(reply);
      });
  // Without a key, as every health check.
  server.route("GET", "/health/progress",
               HttpLateHandler([this](const auto& request, const auto& reply) {
                 show_progress(request, reply);
               }));
  server.route("GET", "/version", [version = options_.version](const HttpRequest&) {
    return json_page({{"version", version}});
  });
}

HttpLateHandler OpenAiApi::guarded(const std::string& path, Handler handler) {
  return
      [this, path, handler = std::move(handler)](const HttpRequest& request, const Reply& reply) {
        const ApiResult<std::size_t> key = options_.keys.find(request);
        if (key) return handler(request, reply, *key);
        count(path, key.error().status);
        reply->answer(to_response(key.error()));
      };
}

void OpenAiApi::count(const std::string& path, int status, double amount) {
  env_.metrics
      .counter("unmask_http_requests_total",
               "Requests for text over HTTP that ended, by status; 499: the client left.",
               {{"path", path}, {"status", std::to_string(status)}})
      .add(amount);
  if (amount == 0) return;
  env_.log.debug("a request over HTTP ended", {{"path", path}, {"status", std::to_string(status)}});
}

std::optional<ApiError> OpenAiApi::quota_error(const GenerationRequest& wanted,
                                               std::size_t key) const {
  const auto found = num_jobs_of_key_.find(key);
  const std::size_t num_jobs = found == num_jobs_of_key_.end() ? 0 : found->second;
  if (key == 0 || num_jobs + wanted.jobs.size() <= options_.max_jobs_per_key) return std::nullopt;
  return ApiError{429,
                  "this key has " + std::to_string(num_jobs) + " unfinished jobs, and may have " +
                      std::to_string(options_.max_jobs_per_key) +
                      " (limits.max_jobs_per_client); wait for some to finish",
                  "", "rate_limit_exceeded"};
}

void OpenAiApi::generate(Endpoint endpoint, const std::string& path, const HttpRequest& request,
                         const Reply& reply, std::size_t key) {
  ApiResult<GenerationRequest> wanted = parse_generation(endpoint, request.body);
  std::optional<ApiError> error;
  if (!wanted) error = wanted.error();
  if (!error) error = quota_error(*wanted, key);
  if (error) {
    count(path, error->status);
    return reply->answer(to_response(*error));
  }
  AnswerNames::Jobs jobs;
  for (const actors::Submit& job : wanted->jobs) jobs.push_back(job.job);
  std::string name = own_name(*wanted, request);
  if (name.empty()) name = to_hex(jobs.front());
  AnswerHead head{endpoint, answer_id(endpoint, name), seconds_of(env_.clock), options_.model,
                  wanted->is_streamed && wanted->has_usage};
  const AnswerNames::Jobs before = names_.find(key, name);
  names_.set(key, name, jobs);
  num_jobs_of_key_[key] += jobs.size();
  const auto on_end = [this, path, key, name, before, jobs](int status) {
    count(path, status);
    num_jobs_of_key_[key] -= jobs.size();
    // A request that came to nothing takes nobody's name away.
    const bool is_refused = status >= 400 && status != Generation::kClientClosed;
    if (is_refused && !before.empty() && names_.find(key, name) == jobs) {
      names_.set(key, name, before);
    }
  };
  const Generation::Server server{env_.clock, clients_, text_.token};
  Generation::start(
      std::make_shared<Generation>(std::move(*wanted), std::move(head), server, reply, on_end),
      {key, request.client});
}

void OpenAiApi::list_models(const HttpRequest& request, const Reply& reply) const {
  const json::object model{{"id", options_.model},
                           {"object", "model"},
                           {"created", started_at_},
                           {"owned_by", "unmask"},
                           {"max_model_len", options_.max_positions}};
  if (request.path == "/v1/models") {
    return reply->answer(json_page({{"object", "list"}, {"data", json::array{model}}}));
  }
  if (last_part(request.path) == options_.model) return reply->answer(json_page(model));
  reply->answer(to_response({404, "this model is not served here; '" + options_.model + "' is",
                             "model", "model_not_found"}));
}

void OpenAiApi::ask(const HttpRequest& request, const Reply& reply, std::size_t key,
                    std::vector<actors::WireMessage> questions, Asked on_message) {
  const auto asker = std::make_shared<PeerId>(0);
  *asker = clients_.open(
      key, request.client,
      [this, asker, on_message = std::move(on_message)](const actors::WireMessage& message) {
        if (on_message(message)) clients_.close(*asker);
      });
  reply->set_on_gone([this, asker] { clients_.close(*asker); });
  for (actors::WireMessage& question : questions) {
    if (clients_.send(*asker, std::move(question))) continue;
    clients_.close(*asker);
    return reply->answer(to_response(
        api_error_of({ErrorCode::kOverloaded, "the gateway's queue is full; try again later"})));
  }
}

}  // namespace unmask::rpc
