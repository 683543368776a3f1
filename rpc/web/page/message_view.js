// One message of a conversation.
import { button, copyText, element, loadScript } from "./dom.js";
import { figuresText } from "./figures.js";
import { safeFragment } from "./markdown.js";

async function highlight(node) {
  const blocks = node.querySelectorAll("pre code");
  if (blocks.length === 0) return;
  await loadScript("lib.highlight.js");
  for (const block of blocks) window.hljs.highlightBlock(block);
}

export class MessageView {
  #body = element("div", { class: "body" });
  #figures = element("p", { class: "figures" });
  #problem = element("p", { class: "problem", role: "alert" });
  #actions = element("div", { class: "actions" });
  #text = null;
  #isDue = false;

  /** on: {edit(message, text), regenerate(message), show(message), curl(message), python(message)} */
  constructor(message, on) {
    this.message = message;
    this.on = on;
    const isUser = message.role === "user";
    this.node = element("li", { class: `message ${message.role}` },
      element("p", { class: "who", text: isUser ? "You" : "Model" }), this.#body,
      ...(isUser ? [] : [this.#figures, this.#problem]), this.#actions);
    this.draw();
  }

  /** The answer as far as it is: several calls are drawn once. running: of the block that is not done. */
  drawRunning(text, running) {
    this.#text = { text, running };
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      if (this.#text) this.#body.replaceChildren(safeFragment(this.#text.text), element("p", { class: "running", text: this.#text.running }));
    });
  }

  /** As it will stay. */
  draw() {
    this.#text = null;
    const { message } = this;
    if (message.role === "user") {
      this.#body.textContent = message.content;
      this.#actions.replaceChildren(button("Edit", () => this.#edit()));
      return;
    }
    this.#body.replaceChildren(safeFragment(message.content));
    highlight(this.#body);
    const stopped = message.isStopped ? "Stopped. " : "";
    this.#figures.textContent = stopped + (message.figures ? figuresText(message.figures) : "");
    this.#problem.textContent = message.error;
    this.#actions.replaceChildren(
      button("Copy", () => copyText(message.content, "The answer")),
      button("Regenerate", () => this.on.regenerate(message)),
      button("Show steps", () => this.on.show(message)),
      button("Copy as curl", () => this.on.curl(message)),
      button("Copy as Python", () => this.on.python(message)));
  }

  #edit() {
    const text = element("textarea", { rows: "3", "aria-label": "Edited message" });
    text.value = this.message.content;
    this.#body.replaceChildren(text);
    const send = button("Send", () => this.on.edit(this.message, text.value), { class: "main" });
    this.#actions.replaceChildren(send, button("Cancel", () => this.draw()));
    text.focus();
  }
}
