// The list of conversations beside a chat.
import { button, element } from "./dom.js";

export class ConversationList {
  #list = element("ul");
  #on;

  /** on: {open(conversation), create(), rename(conversation, title), remove(conversation)} */
  constructor(on) {
    this.#on = on;
    this.node = element("nav", { class: "conversations", "aria-label": "Conversations" },
      button("New conversation", () => on.create()), this.#list);
  }

  draw(conversations, current) {
    this.#list.replaceChildren(...conversations.map((conversation) => this.#row(conversation, conversation === current)));
  }

  #row(conversation, isCurrent) {
    const open = button(conversation.title, () => this.#on.open(conversation),
                        { class: "open", title: conversation.title, "aria-current": isCurrent ? "true" : null });
    const row = element("li", {}, open);
    if (isCurrent) {
      row.append(button("Rename", () => this.#rename(row, conversation), { class: "small" }),
                 button("Delete", () => this.#askToDelete(row, conversation), { class: "small" }));
    }
    return row;
  }

  #rename(row, conversation) {
    const name = element("input", { type: "text", value: conversation.title, maxlength: "80", "aria-label": "New name" });
    const save = () => this.#on.rename(conversation, name.value.trim() || conversation.title);
    name.addEventListener("keydown", (event) => {
      if (event.key === "Enter") save();
      if (event.key === "Escape") this.#on.open(conversation);
    });
    row.replaceChildren(name, button("Save", save, { class: "small" }));
    name.select();
  }

  #askToDelete(row, conversation) {
    const yes = button("Delete for good", () => this.#on.remove(conversation), { class: "small" });
    row.append(yes, button("Keep", () => this.#on.open(conversation), { class: "small" }));
    yes.focus();
  }
}
