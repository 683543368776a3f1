// The chat: conversations, messages, and one answer that runs at a time.
import { key } from "./api.js";
import { addMessage, cutAt, messagesToSend, newConversation } from "./conversation.js";
import { ConversationList } from "./conversation_list.js";
import { button, copyText, element } from "./dom.js";
import { decidedPrefix } from "./frames.js";
import { generate, sentenceOf } from "./generation.js";
import { MessageView } from "./message_view.js";
import { ParameterPanel } from "./parameter_panel.js";
import { Player } from "./player.js";
import { curlOf, pythonSnippetOf } from "./snippets.js";
import { allConversations, deleteConversation, recordingOf, saveConversation, saveRecording } from "./store.js";

const kCurrentName = "unmask.conversation";

export class Chat {
  #conversations = [];
  #current = null;
  #running = null; // {message, controller}
  #views = new Map(); // by the message's id
  #player = new Player("Steps");
  #messages = element("ol", { class: "messages", "aria-label": "Messages", tabindex: "0" });
  #text = element("textarea", { rows: "3", placeholder: "Ask something", "aria-label": "Message", on: { keydown: (event) => this.#typed(event) } });
  #send = button("Send", () => this.#submit(), { class: "main" });
  #stop = button("Stop", () => this.#running?.controller.abort(), { disabled: true });

  /** served: {model, parameters} */
  constructor(node, served) {
    this.served = served;
    this.parameters = new ParameterPanel(served.parameters, "chat");
    this.list = new ConversationList({
      open: (conversation) => this.open(conversation), create: () => this.open(this.#fresh()),
      rename: (conversation, title) => this.#rename(conversation, title), remove: (conversation) => this.#remove(conversation) });
    const middle = element("section", { class: "talk", "aria-label": "Conversation" }, this.#messages,
      element("div", { class: "composer" }, this.#text, element("div", { class: "bar" }, this.#send, this.#stop),
              element("details", {}, element("summary", { text: "Parameters" }), this.parameters.node)));
    node.replaceChildren(element("div", { class: "chat" }, this.list.node, middle, this.#player.node));
  }

  async load() {
    this.#conversations = await allConversations();
    const last = localStorage.getItem(kCurrentName);
    await this.open(this.#conversations.find((conversation) => conversation.id === last) ?? this.#conversations[0] ?? this.#fresh());
  }

  #fresh() {
    const unused = this.#conversations.find((conversation) => conversation.messages.length === 0);
    if (unused) return unused;
    const conversation = newConversation(Date.now());
    this.#conversations.unshift(conversation);
    return conversation;
  }

  async open(conversation) {
    this.#current = conversation;
    localStorage.setItem(kCurrentName, conversation.id);
    this.#draw();
    const last = conversation.messages.findLast((message) => message.role === "assistant");
    if (last && !this.#running) await this.#show(last);
  }

  #draw() {
    this.list.draw(this.#conversations, this.#current);
    const on = { edit: (message, text) => this.#edit(message, text), regenerate: (message) => this.#regenerate(message),
                 show: (message) => this.#show(message), curl: (message) => this.#copyCurl(message), python: (message) => this.#copyPython(message) };
    const views = this.#current.messages.map((message) => new MessageView(message, on));
    this.#views = new Map(views.map((view) => [view.message.id, view]));
    const empty = element("li", { class: "empty", text: "Nothing has been said yet. What you write stays in this browser." });
    this.#messages.replaceChildren(...(views.length ? views.map((view) => view.node) : [empty]));
    this.#messages.scrollTop = this.#messages.scrollHeight;
  }

  #typed(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#submit();
  }

  #submit() {
    const text = this.#text.value.trim();
    if (!text || this.#running) return;
    this.#text.value = "";
    addMessage(this.#current, "user", text);
    this.#answer();
  }

  #edit(message, text) {
    if (!text.trim() || this.#running) return;
    cutAt(this.#current, message.id);
    addMessage(this.#current, "user", text.trim());
    this.#answer();
  }

  #regenerate(message) {
    if (this.#running) return;
    cutAt(this.#current, message.id);
    this.#answer();
  }

  async #answer() {
    const conversation = this.#current;
    const messages = messagesToSend(conversation);
    const parameters = this.parameters.values;
    const message = addMessage(conversation, "assistant", "");
    message.parameters = parameters;
    const controller = new AbortController();
    this.#running = { message, controller };
    this.#enable();
    this.#draw();
    this.#player.begin(messages.at(-1).content, parameters);
    const recording = await this.#generate(message, messages, parameters, controller.signal);
    this.#running = null;
    this.#enable();
    this.#player.end(recording);
    conversation.updated = Date.now();
    this.#views.get(message.id)?.draw();
    this.list.draw(this.#conversations, this.#current);
    await saveConversation(conversation);
    if (recording.frames.length) await saveRecording(message.id, recording);
  }

  /** Never fails: what went wrong is the message's error. */
  async #generate(message, messages, parameters, signal) {
    const redraw = () => this.#views.get(message.id)?.drawRunning(message.content, this.#openText());
    const on = { frame: (frame) => { this.#player.add(frame); redraw(); },
                 text: (text) => { message.content = text; redraw(); } };
    try {
      const recording = await generate({ body: { messages, diffusion: parameters }, prompt: messages.at(-1).content, signal, on });
      message.figures = recording.figures;
      return recording;
    } catch (error) {
      if (error.name === "AbortError") message.isStopped = true;
      else message.error = sentenceOf(error);
      if (!message.content) message.content = this.#openText();
      return error.recording;
    }
  }

  /** Of the block that runs, what is decided from its beginning on. */
  #openText() {
    const block = this.#player.canvas.blocks.at(-1);
    return block && block.masked > 0 ? decidedPrefix(block) : "";
  }

  #enable() {
    this.#send.disabled = this.#running !== null;
    this.#stop.disabled = this.#running === null;
  }

  async #show(message) {
    if (this.#running) return;
    const recording = await recordingOf(message.id);
    if (recording) this.#player.load(recording);
  }

  async #rename(conversation, title) {
    conversation.title = title;
    conversation.isNamed = true;
    await saveConversation(conversation);
    this.#draw();
  }

  async #remove(conversation) {
    if (this.#running && conversation.messages.includes(this.#running.message)) this.#running.controller.abort();
    this.#conversations = this.#conversations.filter((other) => other !== conversation);
    await deleteConversation(conversation);
    await this.open(this.#conversations[0] ?? this.#fresh());
  }

  /** What was sent for this answer. */
  #sentFor(message) {
    const before = { ...this.#current, messages: this.#current.messages.slice(0, this.#current.messages.indexOf(message)) };
    return messagesToSend(before);
  }

  #copyCurl(message) {
    copyText(curlOf(location.origin, this.#sentFor(message), message.parameters ?? {}, key.get() !== ""), "The command");
  }

  #copyPython(message) {
    copyText(pythonSnippetOf(location.origin, this.served.model, this.#sentFor(message), message.parameters ?? {}, key.get() !== ""),
             "The program");
  }
}
