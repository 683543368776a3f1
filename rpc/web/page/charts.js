// A line over the last minutes, drawn by Chart.js.
import { element, loadScript } from "./dom.js";

const kPoints = 90;

function colour(name) {
  // Of light-dark() only a property that is in use says which.
  const probe = element("span", { hidden: true });
  document.body.append(probe);
  probe.style.color = `var(${name})`;
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

export class LiveChart {
  #chart = null;
  #values = [];
  #latest = element("p", { class: "figures" });

  constructor(title, unit) {
    this.title = title;
    this.unit = unit;
    this.canvas = element("canvas", { role: "img", "aria-label": title });
    this.node = element("section", { "aria-label": title }, element("h3", { text: title }), this.#latest,
                        element("div", { class: "chart" }, this.canvas));
  }

  /** value: null where nothing is known. */
  async add(value) {
    this.#values.push(value);
    if (this.#values.length > kPoints) this.#values.shift();
    const text = value === null ? "not known" : `${value.toLocaleString("en", { maximumFractionDigits: 1 })} ${this.unit}`;
    this.#latest.textContent = `Now: ${text}`;
    this.#chart ??= await this.#make();
    const line = this.#chart.data.datasets[0];
    line.data = [...Array(kPoints - this.#values.length).fill(null), ...this.#values];
    line.borderColor = colour("--accent");
    this.#chart.options.scales.y.ticks.color = colour("--soft");
    this.#chart.options.scales.y.grid.color = colour("--line");
    this.#chart.update("none");
  }

  async #make() {
    await loadScript("lib.chart.js");
    return new window.Chart(this.canvas, {
      type: "line",
      data: { labels: Array(kPoints).fill(""), datasets: [{ data: [], borderWidth: 2, pointRadius: 0, tension: 0.2, spanGaps: false }] },
      options: { animation: false, responsive: true, maintainAspectRatio: false, events: [],
                 plugins: { legend: { display: false }, tooltip: { enabled: false } },
                 scales: { x: { display: false }, y: { beginAtZero: true, suggestedMax: 1, ticks: { maxTicksLimit: 5 }, grid: {} } } },
    });
  }
}
