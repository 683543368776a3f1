// The cluster: who is in it, what it does, and how fast. Asked for only while somebody looks.
import { ask, askJson } from "./api.js";
import { LiveChart } from "./charts.js";
import { button, element, tell } from "./dom.js";
import { metricOf, progressBetween } from "./figures.js";
import { sentenceOf } from "./generation.js";

const kEveryMs = 2000;

function table(caption, names, rows) {
  return element("div", { class: "scrolls", tabindex: "0", role: "region", "aria-label": caption }, element("table", {},
    element("thead", {}, element("tr", {}, ...names.map((name) => element("th", { scope: "col", text: name })))),
    element("tbody", {}, ...rows.map((cells) => element("tr", {}, ...cells.map((cell) =>
      cell instanceof Node ? element("td", {}, cell) : element("td", { text: cell ?? "-" })))))));
}

export class Cluster {
  #timer = 0;
  #isBusy = false;
  #before = null; // {jobs, at}
  #problem = element("p", { class: "problem", role: "alert" });
  #head = element("p");
  #members = element("div");
  #jobs = element("div");
  #charts = { tokens: new LiveChart("Tokens per second", "tokens/s"), perForward: new LiveChart("Tokens per forward", "tokens"),
              queue: new LiveChart("Jobs waiting", "jobs"), kv: new LiveChart("KV pages used", "%") };

  constructor(node) {
    node.replaceChildren(this.#problem, this.#head, element("h2", { text: "Members" }), this.#members,
      element("div", { class: "charts" }, ...Object.values(this.#charts).map((chart) => chart.node)),
      element("h2", { text: "Jobs" }), this.#jobs);
    document.addEventListener("visibilitychange", () => this.#isShown && !document.hidden && this.#look());
  }

  #isShown = false;

  show(isShown) {
    this.#isShown = isShown;
    clearTimeout(this.#timer);
    if (isShown) this.#look();
  }

  async #look() {
    if (this.#isBusy || !this.#isShown || document.hidden) return;
    this.#isBusy = true;
    clearTimeout(this.#timer);
    try {
      const [status, jobs, metrics] = await Promise.all([
        askJson("GET", "/v1/status"), askJson("GET", "/v1/jobs"), ask("GET", "/metrics").then((response) => response.text())]);
      this.#problem.textContent = "";
      this.#drawStatus(status, metrics);
      this.#drawJobs(jobs.data);
      await this.#drawCharts(status, jobs.data);
    } catch (error) {
      this.#problem.textContent = sentenceOf(error);
    }
    this.#isBusy = false;
    if (this.#isShown && !document.hidden) this.#timer = setTimeout(() => this.#look(), kEveryMs);
  }

  #drawStatus(status, metrics) {
    const requests = metricOf(metrics, "unmask_http_requests_total");
    this.#head.textContent = `${status.is_ready ? "Ready" : "Not ready"}: serves ${status.model} (unmask ${status.version}). ` +
      `${status.jobs_running} jobs running, ${status.jobs_waiting} waiting; ${status.kv_pages_used} of ${status.kv_pages_total} KV pages used` +
      (requests === null ? "." : `; ${requests} requests over HTTP answered.`);
    const rows = status.members.map((member) => [member.role, member.replica, member.rank, member.host, member.state, phaseOf(member)]);
    this.#members.replaceChildren(table("Members", ["Member", "Replica", "Rank", "Host", "State", "Phase"], rows));
  }

  #drawJobs(jobs) {
    const isEnded = (job) => job.outcome !== null;
    const rows = jobs.map((job) => [job.id.slice(0, 12), job.state, `${job.block} of ${job.num_blocks}`, job.tokens, job.forwards,
      `${(job.age_ms / 1000).toFixed(1)} s`, isEnded(job) ? job.outcome : button("Cancel", () => this.#cancel(job), { class: "small" })]);
    this.#jobs.replaceChildren(rows.length ? table("Jobs", ["Job", "State", "Block", "Tokens", "Forwards", "Age", "Outcome"], rows)
                                           : element("p", { class: "empty", text: "No jobs." }));
  }

  async #cancel(job) {
    try {
      await ask("DELETE", `/v1/jobs/${job.id}`);
      tell("The job was cancelled.");
    } catch (error) {
      this.#problem.textContent = sentenceOf(error);
    }
  }

  async #drawCharts(status, jobs) {
    const now = { jobs, at: performance.now() };
    const before = this.#before;
    this.#before = now;
    const done = before ? progressBetween(before.jobs, jobs) : null;
    await this.#charts.tokens.add(done ? done.tokens / ((now.at - before.at) / 1000) : null);
    await this.#charts.perForward.add(done && done.forwards > 0 ? done.tokens / done.forwards : null);
    await this.#charts.queue.add(status.jobs_waiting);
    await this.#charts.kv.add(status.kv_pages_total > 0 ? (100 * status.kv_pages_used) / status.kv_pages_total : null);
  }
}

function phaseOf(member) {
  if (!member.phase) return "";
  return typeof member.progress === "number" ? `${member.phase} (${Math.round(member.progress * 100)} %)` : member.phase;
}
