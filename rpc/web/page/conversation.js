// A conversation as a value: messages in order, each with an id. Nothing here touches the page.

const kTitleLength = 48;

/** crypto.randomUUID is not there on pages that came over plain HTTP from another machine. */
export function freshId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function newConversation(now) {
  return { id: freshId(), title: "New conversation", isNamed: false, updated: now, messages: [] };
}

export function addMessage(conversation, role, content) {
  const message = { id: freshId(), role, content, figures: null, parameters: null, error: "", isStopped: false };
  conversation.messages.push(message);
  if (!conversation.isNamed && role === "user" && conversation.messages.length === 1) {
    const line = content.trim().split("\n")[0];
    conversation.title = line.length > kTitleLength ? line.slice(0, kTitleLength - 1) + "…" : line || "New conversation";
  }
  return message;
}

/** Takes the message and all behind it away. */
export function cutAt(conversation, messageId) {
  const at = conversation.messages.findIndex((message) => message.id === messageId);
  if (at >= 0) conversation.messages.splice(at);
}

/** What the server is sent: messages with text. An answer that failed is left out, with its question. */
export function messagesToSend(conversation) {
  const sent = [];
  for (const { role, content } of conversation.messages) {
    if (role === "assistant" && content === "") {
      if (sent.at(-1)?.role === "user") sent.pop();
    } else {
      sent.push({ role, content });
    }
  }
  return sent;
}
