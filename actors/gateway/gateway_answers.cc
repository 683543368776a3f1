/// What the coordinator answers, on its way to the clients.

#include <utility>

#include "actors/gateway/gateway.h"

namespace unmask::actors {

template <typename Message>
void Gateway::notify(const Subscribers& subscribers, const Message& message) {
  for (const Subscriber& subscriber : subscribers) to_client(subscriber.client, message);
}

/// Sends the end to clients that cancelled the job without subscribing to it.
template <typename End>
void Gateway::notify_cancelled(const End& end, const Subscribers& notified) {
  for (const PeerId client : pending_cancels_.take(end.job)) {
    if (!notified.contain(client)) to_client(client, end);
  }
}

void Gateway::on(Incoming<Accepted> accepted) {
  Job* job = find(accepted.message.job);
  if (job == nullptr || job->accepted) return;
  job->accepted = accepted.message;
  notify(job->subscribers, accepted.message);
}

void Gateway::on(Incoming<Queued> queued) {
  Job* job = find(queued.message.job);
  if (job == nullptr || job->finished) return;
  job->queued = queued.message;
  notify(job->subscribers, queued.message);
}

void Gateway::on(Incoming<Committed> committed) {
  Job* job = find(committed.message.job);
  if (job == nullptr) return;
  const Committed* block = job->take(std::move(committed.message));
  if (block == nullptr) return;
  job->subscribers.each_that_wants(*block, [&](PeerId client) { to_client(client, *block); });
  if (!job->stop.has_stopped()) return;
  if (job->waits_to_be_sent || !coordinator_.send(StopJob{block->job})) send_later(*job);
}

void Gateway::on(Incoming<Frame> frame) {
  const Job* job = find(frame.message.job);
  if (job == nullptr) return;
  for (Frame::Cell& cell : frame.message.cells) {
    if (cell.token >= 0) cell.text = text_.piece(cell.token);
  }
  for (const Subscriber& subscriber : job->subscribers) {
    if (subscriber.subscription.frames) to_client(subscriber.client, frame.message);
  }
}

void Gateway::on(Incoming<Traced> traced) {
  const Job* job = find(traced.message.job);
  if (job == nullptr) return;
  for (const Subscriber& subscriber : job->subscribers) {
    if (subscriber.subscription.trace) to_client(subscriber.client, traced.message);
  }
}

void Gateway::on(Incoming<Finished> finished) {
  Job* job = find(finished.message.job);
  if (job == nullptr) return notify_cancelled(finished.message, {});
  if (job->finished) return;
  if (job->waits_for_blocks_of(finished.message)) {
    return notify_cancelled(finished.message, job->subscribers);
  }
  end(*job, std::move(finished.message));
}

void Gateway::on(Incoming<Rejected> rejected) {
  Rejected& message = rejected.message;
  Job* const found = find(message.job);
  if (found == nullptr) return notify_cancelled(message, {});
  Job& job = *found;
  if (job.finished) return;
  // Only a Cancel is answered so: it went ahead of this job, whose own answer comes behind it.
  if (message.error.code == ErrorCode::kNotFound && !job.accepted) {
    return notify_cancelled(message, job.subscribers);
  }
  if (job.accepted) {  // by an earlier coordinator, which forgot it: the client was promised an end
    return end(job, job.finished_with_error(std::move(message.error)));
  }
  reject(message.job, job.subscribers, message.error);
  notify_cancelled(message, job.subscribers);
  jobs_.erase(message.job);
  notify_if_drained();
}

void Gateway::end(Job& job, Finished finished) {
  if (const Committed* tail = job.take(std::move(finished))) {
    job.subscribers.each_that_wants(*tail, [&](PeerId client) { to_client(client, *tail); });
  }
  const JobId id = job.admit.job;
  notify(job.subscribers, *job.finished);
  notify_cancelled(*job.finished, job.subscribers);
  let_go(job.subscribers, id);
  job.subscribers.clear();
  for (const JobId forgotten : finished_.add(id, job.num_bytes())) jobs_.erase(forgotten);
  notify_if_drained();
}

void Gateway::on(Incoming<JobList> list) {
  if (auto answer = pending_queries_.answer(std::move(list.message))) to_client(std::move(*answer));
}

void Gateway::on(Incoming<ClusterStatus> status) {
  if (auto answer = pending_queries_.answer(std::move(status.message)))
    to_client(std::move(*answer));
}

}  // namespace unmask::actors
