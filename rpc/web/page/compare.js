// Two sets of parameters on one prompt, started together.
import { button, element } from "./dom.js";
import { generate, sentenceOf } from "./generation.js";
import { ParameterPanel } from "./parameter_panel.js";
import { Player } from "./player.js";

class Side {
  #answer = element("p", { class: "filled" });
  #problem = element("p", { class: "problem", role: "alert" });

  constructor(name, served) {
    this.player = new Player(name);
    this.parameters = new ParameterPanel(served, `compare-${name.slice(-1)}`);
    this.node = element("div", { class: "side" },
      element("details", { open: true }, element("summary", { text: `Parameters of ${name}` }), this.parameters.node),
      this.player.node, element("h3", { text: `Answer of ${name}` }), this.#answer, this.#problem);
  }

  async run(prompt, signal) {
    const parameters = this.parameters.values;
    this.#problem.textContent = this.#answer.textContent = "";
    this.player.begin(prompt, parameters);
    const on = { frame: (frame) => this.player.add(frame), text: (text) => { this.#answer.textContent = text; } };
    try {
      this.player.end(await generate({ body: { messages: [{ role: "user", content: prompt }], diffusion: parameters }, prompt, signal, on }));
    } catch (error) {
      if (error.name !== "AbortError") this.#problem.textContent = sentenceOf(error);
      this.player.end(error.recording);
    }
  }
}

export function makeCompare(node, served) {
  const sides = [new Side("Run A", served), new Side("Run B", served)];
  const prompt = element("textarea", { rows: "2", "aria-label": "Prompt for both", placeholder: "One prompt for both" });
  let controller = null;
  const start = button("Run both", async () => {
    if (!prompt.value.trim()) return prompt.focus();
    controller = new AbortController();
    start.disabled = true;
    stop.disabled = false;
    for (const side of sides) side.node.querySelector("details").open = false;
    await Promise.all(sides.map((side) => side.run(prompt.value.trim(), controller.signal)));
    start.disabled = false;
    stop.disabled = true;
  }, { class: "main" });
  const stop = button("Stop", () => controller?.abort(), { disabled: true });
  node.replaceChildren(prompt, element("div", { class: "bar" }, start, stop),
                       element("div", { class: "sides" }, ...sides.map((side) => side.node)));
}
