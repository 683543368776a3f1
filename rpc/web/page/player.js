// A canvas with what plays a recording: live while it comes, then by step.
import { CanvasView } from "./canvas_view.js";
import { button, element, labelled, saveFile } from "./dom.js";
import { blockFigures, emptyCanvas, fold, summaryOf } from "./frames.js";
import { figuresText } from "./figures.js";
import { canvasAt, newRecording, toFile } from "./recording.js";

const kSummaryEveryMs = 3000;
const kSpeeds = ["0.25", "0.5", "1", "2", "4"];
const kLongestWaitMs = 1500; // between two frames of a replay
const kLegend = [["hole", "hole"], ["hole guess", "guess in a hole"], ["unsure", "new, below 0.3"],
                 ["doubtful", "new, below 0.7"], ["sure", "new, sure"], ["old", "decided before"], ["old edited", "edited"]];

export class Player {
  #recording = newRecording("", {});
  #canvas = emptyCanvas();
  #shown = 0; // frames
  #isLive = false;
  #timer = 0;
  #saidAt = -Infinity;
  #view;

  /** title: a heading, which names the region. */
  constructor(title) {
    this.#view = new CanvasView(title);
    this.#scrubber = element("input", { type: "range", min: "0", max: "0", value: "0", step: "1",
                                        on: { input: () => this.#seek(Number(this.#scrubber.value)) } });
    this.#play = button("Play", () => this.#toggle(), { class: "play" });
    this.#speed = element("select", {}, ...kSpeeds.map((speed) =>
      element("option", { value: speed, text: `${speed}×`, selected: speed === "1" })));
    this.#all = element("input", { type: "checkbox", on: { change: () => this.#recolour() } });
    this.#save = button("Export recording", () => this.#export());
    this.node = element("section", { class: "player", "aria-label": title },
      element("div", { class: "player-head" }, element("h2", { text: title }), this.#figures),
      this.#view.node,
      element("div", { class: "controls" }, this.#play, labelled("Step", this.#scrubber), this.#position,
              labelled("Speed", this.#speed), labelled("Confidence of all", this.#all), this.#save),
      this.#strip, legend(), this.#summary);
    this.#enable();
  }

  #scrubber; #play; #speed; #all; #save;
  #position = element("output", { class: "position" });
  #figures = element("p", { class: "figures" });
  #strip = element("ol", { class: "strip", "aria-label": "Blocks" });
  #summary = element("p", { class: "summary", "aria-live": "polite" });

  get recording() { return this.#recording; }
  get canvas() { return this.#canvas; }
  get numShown() { return this.#shown; }

  /** An answer begins. */
  begin(prompt, parameters) {
    this.#stop();
    this.#recording = newRecording(prompt, parameters);
    this.#canvas = emptyCanvas();
    this.#shown = 0;
    this.#isLive = true;
    this.#view.clear();
    this.#figures.textContent = "";
    this.#drawStrip();
    this.#enable();
    this.#say("Waiting for the first step.");
  }

  add(frame) {
    this.#recording.frames.push(frame);
    this.#show(frame);
    this.#scrubber.max = this.#scrubber.value = String(this.#shown);
    const now = performance.now();
    if (now - this.#saidAt >= kSummaryEveryMs) this.#say(summaryOf(this.#canvas));
  }

  /** The answer has ended, well or not: what came can be replayed. */
  end(recording) {
    this.#isLive = false;
    this.#recording = recording;
    this.#shown = recording.frames.length;
    this.#enable();
    this.#drawFigures();
    this.#say(recording.frames.length ? summaryOf(this.#canvas) : "This answer came without steps.");
  }

  /** A recording from before. */
  load(recording) {
    this.#stop();
    this.#canvas = canvasAt(recording, recording.frames.length);
    this.#view.draw(this.#canvas);
    this.#drawStrip();
    this.end(recording);
  }

  #show(frame) {
    this.#view.update(this.#canvas, fold(this.#canvas, frame));
    this.#shown += 1;
    this.#drawStrip();
    this.#drawPosition();
  }

  #seek(count) {
    this.#stop();
    this.#jump(count);
    this.#say(summaryOf(this.#canvas));
  }

  #jump(count) {
    this.#shown = count;
    this.#canvas = canvasAt(this.#recording, count);
    this.#recolour();
    this.#drawStrip();
    this.#drawPosition();
  }

  #toggle() {
    if (this.#timer) return this.#stop();
    if (this.#shown >= this.#recording.frames.length) this.#jump(0);
    this.#play.textContent = "Pause";
    this.#next();
  }

  #next() {
    const frames = this.#recording.frames;
    if (this.#shown >= frames.length) return this.#stop();
    const before = this.#shown > 0 ? frames[this.#shown - 1].t : frames[0].t;
    const wait = Math.min(Math.max(frames[this.#shown].t - before, 16), kLongestWaitMs) / Number(this.#speed.value);
    this.#timer = setTimeout(() => {
      this.#show(frames[this.#shown]);
      this.#scrubber.value = String(this.#shown);
      this.#next();
    }, wait);
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#play.textContent = "Play";
  }

  #enable() {
    const has = !this.#isLive && this.#recording.frames.length > 0;
    for (const control of [this.#scrubber, this.#play, this.#save]) control.disabled = !has;
    this.#scrubber.max = String(this.#recording.frames.length);
    this.#scrubber.value = String(this.#shown);
    this.#drawPosition();
  }

  #recolour() {
    this.#view.showsAll = this.#all.checked;
    this.#view.draw(this.#canvas);
  }

  #drawPosition() {
    this.#position.textContent = `${this.#shown} of ${this.#recording.frames.length}`;
    this.#scrubber.setAttribute("aria-valuetext", `frame ${this.#shown}, step ${this.#canvas.step}`);
  }

  #drawFigures() {
    this.#figures.textContent = this.#recording.figures ? figuresText(this.#recording.figures) : "";
  }

  #drawStrip() {
    const blocks = blockFigures(this.#canvas);
    while (this.#strip.children.length > blocks.length) this.#strip.lastChild.remove();
    blocks.forEach((block, at) => {
      const node = this.#strip.children[at] ?? this.#strip.appendChild(element("li"));
      const text = `block ${block.index + 1}: ${block.steps} ${block.steps === 1 ? "step" : "steps"}, ${block.perForward.toFixed(1)} per forward`;
      if (node.textContent !== text) node.textContent = text;
    });
  }

  #say(sentence) {
    this.#saidAt = performance.now();
    this.#summary.textContent = sentence;
  }

  #export() {
    const name = `unmask-${this.#recording.created.replace(/[:.]/g, "-")}.json`;
    saveFile(name, toFile(this.#recording));
  }
}

function legend() {
  return element("ul", { class: "legend", "aria-label": "What the colours mean" },
    ...kLegend.map(([shade, text]) => element("li", {}, element("span", { class: `cell ${shade}`, "aria-hidden": "true", text: "a" }), text)));
}
