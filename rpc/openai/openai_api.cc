#include "rpc/openai/openai_api.h"

#include <boost/json.hpp>
#include <utility>

#include "rpc/client/job_id.h"
#include "rpc/openai/chat_messages.h"
#include "rpc/openai/generation.h"
#include "rpc/openai/json_fields.h"
#include "rpc/openai/parameter_table.h"

namespace unmask::rpc {
namespace {

namespace json = boost::json;

std::int64_t seconds_of(const Clock& clock) {
  return std::chrono::duration_cast<std::chrono::seconds>(clock.unix_time()).count();
}

HttpResponse json_page(const json::object& object) {
  HttpResponse response;
  response.content_type = "application/json";
  response.body = json::serialize(object) + "\n";
  return response;
}

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

OpenAiApi::OpenAiApi(Env env, Options options, ApiText text, HttpClients& clients)
    : env_(env),
      options_(std::move(options)),
      text_(std::move(text)),
      clients_(clients),
      started_at_(seconds_of(env.clock)) {}

void OpenAiApi::add_to(HttpServer& server) {
  server.dress_refusals(as_api_error);
  for (const char* path : {"/v1/chat/completions", "/v1/completions"}) count(path, 200, 0);
  const auto add = [&](const char* method, const std::string& path, Handler handler) {
    server.route(method, path, guarded(path, std::move(handler)));
  };
  const auto add_generation = [&](const char* path, Endpoint endpoint) {
    add("POST", path, [=, this](const auto& request, const auto& reply, std::size_t key) {
      generate(endpoint, path, request, reply, key);
    });
  };
  add_generation("/v1/chat/completions", Endpoint::kChat);
  add_generation("/v1/completions", Endpoint::kText);
  for (const char* path : {"/v1/models", "/v1/models/*"}) {
    add("GET", path, [this](const auto& request, const auto& reply, std::size_t /*key*/) {
      list_models(request, reply);
    });
  }
  add("GET", "/v1/parameters", [](const auto& /*request*/, const auto& reply, std::size_t /*key*/) {
    HttpResponse response;
    response.content_type = "application/json";
    response.body = parameter_table_json() + "\n";
    reply->answer(std::move(response));
  });
  add("GET", "/v1/jobs", [this](const auto& request, const auto& reply, std::size_t key) {
    list_jobs(request, reply, key);
  });
  add("DELETE", "/v1/jobs/*", [this](const auto& request, const auto& reply, std::size_t key) {
    cancel_job(request, reply, key);
  });
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
}

void OpenAiApi::generate(Endpoint endpoint, const std::string& path, const HttpRequest& request,
                         const Reply& reply, std::size_t key) {
  ApiResult<GenerationRequest> wanted = parse_generation(endpoint, request.body);
  if (!wanted) {
    count(path, wanted.error().status);
    return reply->answer(to_response(wanted.error()));
  }
  AnswerHead head{endpoint, answer_id(endpoint, wanted->jobs.front().job), seconds_of(env_.clock),
                  options_.model, wanted->is_streamed && wanted->has_usage};
  Generation::start(
      std::make_shared<Generation>(std::move(*wanted), std::move(head), clients_, reply,
                                   [this, path](int status) { count(path, status); }),
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
                    actors::WireMessage question,
                    std::function<bool(const actors::WireMessage&)> on_message) {
  const auto asker = std::make_shared<PeerId>(0);
  *asker = clients_.open(
      key, request.client,
      [this, asker, on_message = std::move(on_message)](const actors::WireMessage& message) {
        if (on_message(message)) clients_.close(*asker);
      });
  reply->set_on_gone([this, asker] { clients_.close(*asker); });
  if (clients_.send(*asker, std::move(question))) return;
  clients_.close(*asker);
  reply->answer(to_response(
      api_error_of({ErrorCode::kOverloaded, "the gateway's queue is full; try again later"})));
}

void OpenAiApi::list_jobs(const HttpRequest& request, const Reply& reply, std::size_t key) {
  ask(request, reply, key, actors::ListJobs{1}, [reply](const actors::WireMessage& message) {
    const auto* list = std::get_if<actors::JobList>(&message);
    if (list == nullptr) return false;
    if (list->error) {
      reply->answer(to_response(api_error_of(*list->error)));
      return true;
    }
    HttpResponse response;
    response.content_type = "application/json";
    response.body = job_list_json(*list) + "\n";
    reply->answer(std::move(response));
    return true;
  });
}

/// Answered once the job has ended.
void OpenAiApi::cancel_job(const HttpRequest& request, const Reply& reply, std::size_t key) {
  const Result<JobId> job = job_of_answer_id(last_part(request.path));
  if (!job) return reply->answer(to_response(bad_field("id", job.error().message)));
  ask(request, reply, key, actors::Cancel{*job}, [reply, id = *job](const auto& message) {
    const auto* finished = std::get_if<actors::Finished>(&message);
    const auto* rejected = std::get_if<actors::Rejected>(&message);
    if (finished == nullptr && rejected == nullptr) return false;
    if (rejected != nullptr && rejected->error.code != ErrorCode::kCancelled) {
      reply->answer(to_response(api_error_of(rejected->error)));
      return true;
    }
    const auto outcome =
        finished != nullptr ? name_of(finished->reason) : name_of(actors::FinishReason::kCancelled);
    reply->answer(json_page({{"id", to_hex(id)}, {"object", "job"}, {"outcome", outcome}}));
    return true;
  });
}

}  // namespace unmask::rpc
