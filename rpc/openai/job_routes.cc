/// The routes about jobs, and what a cluster does with them.

#include <boost/json.hpp>
#include <map>
#include <utility>

#include "rpc/client/job_id.h"
#include "rpc/http/percent_decoded.h"
#include "rpc/openai/generation_answer.h"
#include "rpc/openai/job_watch.h"
#include "rpc/openai/json_page.h"
#include "rpc/openai/openai_api.h"

namespace unmask::rpc {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds kProgressTimeout{2};

/// The part of `/v1/jobs/ID/...` behind the second.
std::string job_part(std::string_view path) {
  path.remove_prefix(std::string_view("/v1/jobs/").size());
  return percent_decoded(path.substr(0, path.find('/')));
}

/// What is known of one job, as its messages come.
struct JobView {
  JobId job;
  std::string text;

  /// The whole answer, once there is one.
  [[nodiscard]] HttpResponse finished(const actors::Finished& end) const {
    json::object object{{"id", to_hex(job)},   {"object", "job"},
                        {"state", "finished"}, {"outcome", name_of(end.reason)},
                        {"text", end.text},    {"usage", usage_json(usage_of({end}, 1))},
                        {"error", nullptr}};
    if (!end.fills.empty()) object["fills"] = fills_json(end);
    if (end.error) object["error"] = end.error->message;
    return json_page(object);
  }

  [[nodiscard]] HttpResponse running(const actors::JobList& list) const {
    actors::JobSummary summary;
    summary.job = job;
    for (const actors::JobSummary& listed : list.jobs) {
      if (listed.job == job) summary = listed;
    }
    json::object object = job_json(summary);
    object["text"] = text;
    return json_page(object);
  }
};

/// How the jobs of a request that is cancelled ended.
struct CancelledJobs {
  std::vector<JobId> jobs;
  std::map<JobId, std::string> outcomes;

  /// True: all have, and the reply says so, or why not.
  bool take(const actors::WireMessage& message, HttpReply& reply) {
    if (const auto* finished = std::get_if<actors::Finished>(&message)) {
      outcomes[finished->job] = name_of(finished->reason);
    } else if (const auto* rejected = std::get_if<actors::Rejected>(&message)) {
      if (rejected->error.code != ErrorCode::kCancelled) {
        reply.answer(to_response(api_error_of(rejected->error)));
        return true;
      }
      outcomes[rejected->job] = name_of(actors::FinishReason::kCancelled);
    }
    if (outcomes.size() < jobs.size()) return false;
    reply.answer(json_page(
        {{"id", to_hex(jobs.front())}, {"object", "job"}, {"outcome", outcomes[jobs.front()]}}));
    return true;
  }
};

json::object member_json(const actors::MemberStatus& member) {
  const actors::Slot& slot = member.process.slot;
  return {
      {"role", name_of(slot.role)},  {"replica", slot.replica},   {"rank", slot.rank},
      {"state", member.state},       {"phase", member.phase},     {"progress", member.progress},
      {"host", member.process.host}, {"pid", member.process.pid}, {"http", member.process.http}};
}

}  // namespace

void OpenAiApi::add_job_routes(HttpServer& server) {
  const auto add = [&](const char* method, const std::string& path, auto handle) {
    server.route(
        method, path,
        guarded(path, [this, handle](const auto& request, const auto& reply, std::size_t key) {
          (this->*handle)(request, reply, key);
        }));
  };
  add("GET", "/v1/jobs", &OpenAiApi::list_jobs);
  add("GET", "/v1/jobs/*", &OpenAiApi::show_job);
  add("DELETE", "/v1/jobs/*", &OpenAiApi::cancel_job);
  add("GET", "/v1/jobs/*/frames", &OpenAiApi::watch_job);
  add("GET", "/v1/status", &OpenAiApi::show_status);
}

ApiResult<std::vector<JobId>> OpenAiApi::find_jobs(const HttpRequest& request,
                                                   std::size_t key) const {
  const std::string id = job_part(request.path);
  // A name may itself begin as the ids of answers do.
  const std::string name(name_in(id));
  for (const std::string& known : {id, name}) {
    std::vector<JobId> jobs = names_.find(key, known);
    if (!jobs.empty()) return jobs;
  }
  const Result<JobId> job = parse_job_id(name);
  if (job) return std::vector{*job};
  return ApiError{404, "no request has this id here; " + job.error().message, "id", "not_found"};
}

void OpenAiApi::list_jobs(const HttpRequest& request, const Reply& reply, std::size_t key) {
  ask(request, reply, key, actors::ListJobs{1}, [reply](const actors::WireMessage& message) {
    const auto* list = std::get_if<actors::JobList>(&message);
    if (list == nullptr) return false;
    reply->answer(list->error ? to_response(api_error_of(*list->error))
                              : json_text_page(job_list_json(*list)));
    return true;
  });
}

/// Its answer if it has ended; else what there is of it, and how far it is.
void OpenAiApi::show_job(const HttpRequest& request, const Reply& reply, std::size_t key) {
  const auto jobs = find_jobs(request, key);
  if (!jobs) return reply->answer(to_response(jobs.error()));
  const JobId job = jobs->front();
  const auto view = std::make_shared<JobView>(JobView{job, {}});
  // What is known of the job comes before the list.
  ask(request, reply, key, {actors::Attach{job, {}, -1}, actors::ListJobs{1}},
      [reply, view](const actors::WireMessage& message) {
        if (const auto* block = std::get_if<actors::Committed>(&message)) {
          view->text += block->text;
        } else if (const auto* rejected = std::get_if<actors::Rejected>(&message)) {
          reply->answer(to_response(api_error_of(rejected->error)));
          return true;
        } else if (const auto* finished = std::get_if<actors::Finished>(&message)) {
          reply->answer(view->finished(*finished));
          return true;
        } else if (const auto* list = std::get_if<actors::JobList>(&message)) {
          reply->answer(list->error ? to_response(api_error_of(*list->error))
                                    : view->running(*list));
          return true;
        }
        return false;
      });
}

/// Answered once all jobs of the request have ended: as its first one did.
void OpenAiApi::cancel_job(const HttpRequest& request, const Reply& reply, std::size_t key) {
  const auto jobs = find_jobs(request, key);
  if (!jobs) return reply->answer(to_response(jobs.error()));
  std::vector<actors::WireMessage> cancels;
  for (const JobId job : *jobs) cancels.emplace_back(actors::Cancel{job});
  const auto ends = std::make_shared<CancelledJobs>(CancelledJobs{*jobs, {}});
  ask(request, reply, key, std::move(cancels),
      [reply, ends](const auto& message) { return ends->take(message, *reply); });
}

void OpenAiApi::watch_job(const HttpRequest& request, const Reply& reply, std::size_t key) {
  const auto jobs = find_jobs(request, key);
  if (!jobs) return reply->answer(to_response(jobs.error()));
  JobWatch::start(std::make_shared<JobWatch>(jobs->front(), env_.clock, clients_, reply), key,
                  request.client);
}

void OpenAiApi::show_status(const HttpRequest& request, const Reply& reply, std::size_t key) {
  ask(request, reply, key, actors::GetStatus{1}, [reply](const actors::WireMessage& message) {
    const auto* status = std::get_if<actors::ClusterStatus>(&message);
    if (status == nullptr) return false;
    if (status->error) {
      reply->answer(to_response(api_error_of(*status->error)));
      return true;
    }
    json::array members;
    for (const actors::MemberStatus& member : status->members) {
      members.push_back(member_json(member));
    }
    reply->answer(json_page({{"object", "cluster"},
                             {"version", status->version},
                             {"model", status->model},
                             {"is_ready", status->is_ready},
                             {"jobs_running", status->jobs_running},
                             {"jobs_waiting", status->jobs_waiting},
                             {"kv_pages_used", status->kv_pages_used},
                             {"kv_pages_total", status->kv_pages_total},
                             {"since_progress_ms", status->since_progress.count()},
                             {"durability", status->durability},
                             {"members", std::move(members)}}));
    return true;
  });
}

/// 503 if jobs are there and none gets further, or nobody can say.
void OpenAiApi::show_progress(const HttpRequest& request, const Reply& reply) {
  const double threshold = std::chrono::duration<double>(options_.stall_after).count();
  const auto timer = std::make_shared<TimerId>(0);
  const auto answer = [this, reply, timer](const json::object& object, int status) {
    if (reply->has_begun()) return;
    env_.timers.cancel(*timer);
    reply->answer(json_page(object, status));
  };
  *timer = env_.timers.after(kProgressTimeout, [answer] {
    answer({{"status", "stalled"}, {"reason", "the coordinator does not answer"}}, 503);
  });
  ask(request, reply, 0, actors::GetStatus{1}, [=, this](const actors::WireMessage& message) {
    const auto* status = std::get_if<actors::ClusterStatus>(&message);
    if (status == nullptr) return false;
    if (status->error) {
      answer({{"status", "stalled"}, {"reason", status->error->message}}, 503);
      return true;
    }
    const bool is_stalled = status->since_progress >= options_.stall_after;
    const bool is_idle = status->jobs_running + status->jobs_waiting == 0;
    const double age = std::chrono::duration<double>(status->since_progress).count();
    answer({{"status", is_stalled ? "stalled"
                       : is_idle  ? "idle"
                                  : "ok"},
            {"running", status->jobs_running},
            {"waiting", status->jobs_waiting},
            {"last_step_age_seconds", age},
            {"stall_threshold_seconds", threshold}},
           is_stalled ? 503 : 200);
    return true;
  });
}

}  // namespace unmask::rpc
