// Infilling: a text whose holes the model fills in place.
import { button, element } from "./dom.js";
import { generate, sentenceOf } from "./generation.js";
import { ParameterPanel } from "./parameter_panel.js";
import { Player } from "./player.js";
import { filledParts, partsOf } from "./template.js";

const kExample = "Mia has 12 apples and buys 7 more. She has {{answer:4}} apples.";

function drawParts(node, parts) {
  node.replaceChildren(...parts.map((part) => {
    if (part.text !== undefined) return part.text;
    const isOpen = part.fill === undefined || part.fill === null;
    return element("mark", { class: isOpen ? "open" : null, title: part.name, text: isOpen ? `${part.name} · ${part.length}` : part.fill });
  }));
}

export function makeInfill(node, served) {
  const player = new Player("Steps of the text");
  const parameters = new ParameterPanel(served, "infill");
  const template = element("textarea", { rows: "5", "aria-label": "Text with holes" });
  template.value = kExample;
  const prompt = element("textarea", { rows: "2", "aria-label": "Prompt, if the text answers one", placeholder: "Prompt, if the text answers one" });
  const filled = element("p", { class: "filled", "aria-live": "polite", "aria-label": "The text", role: "region" });
  const problem = element("p", { class: "problem", role: "alert" });
  const draw = () => drawParts(filled, partsOf(template.value));
  template.addEventListener("input", draw);
  let controller = null;

  const start = button("Fill in", async () => {
    const text = template.value;
    problem.textContent = "";
    if (!partsOf(text).some((part) => part.name)) {
      problem.textContent = "The text has no hole: write {{name:N}} where N tokens are to be filled in.";
      return;
    }
    controller = new AbortController();
    start.disabled = true;
    stop.disabled = false;
    draw();
    player.begin(text, parameters.values);
    const body = { template: text, diffusion: parameters.values };
    if (prompt.value.trim()) body.messages = [{ role: "user", content: prompt.value.trim() }];
    const on = { frame: (frame) => player.add(frame), choice: (choice) => drawParts(filled, filledParts(text, choice.fills ?? [])) };
    try {
      player.end(await generate({ path: "/v1/infill", body, prompt: text, signal: controller.signal, on }));
    } catch (error) {
      if (error.name !== "AbortError") problem.textContent = sentenceOf(error);
      player.end(error.recording);
    }
    start.disabled = false;
    stop.disabled = true;
  }, { class: "main" });
  const stop = button("Stop", () => controller?.abort(), { disabled: true });

  draw();
  node.replaceChildren(
    element("div", { class: "sides" },
      element("div", {}, element("p", { text: "Write {{name:N}} where the model is to fill in N tokens." }), template, prompt,
              element("div", { class: "bar" }, start, stop), problem,
              element("details", {}, element("summary", { text: "Parameters" }), parameters.node),
              element("h2", { text: "Filled in" }), filled),
      player.node));
}
