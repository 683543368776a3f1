// Conversations and recordings in this browser's IndexedDB; they never leave it.

const kName = "unmask";
const kVersion = 1;

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

let opened = null;

function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(kName, kVersion);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("conversations", { keyPath: "id" });
      request.result.createObjectStore("recordings");
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

async function objects(name, mode) {
  return (await database()).transaction(name, mode).objectStore(name);
}

/** Newest first. */
export async function allConversations() {
  const found = await done((await objects("conversations", "readonly")).getAll());
  return found.sort((one, other) => other.updated - one.updated);
}

export async function saveConversation(conversation) {
  await done((await objects("conversations", "readwrite")).put(conversation));
}

export async function deleteConversation(conversation) {
  await done((await objects("conversations", "readwrite")).delete(conversation.id));
  const recordings = await objects("recordings", "readwrite");
  for (const message of conversation.messages) recordings.delete(message.id);
}

export async function saveRecording(messageId, recording) {
  await done((await objects("recordings", "readwrite")).put(recording, messageId));
}

/** undefined if there is none. */
export async function recordingOf(messageId) {
  return done((await objects("recordings", "readonly")).get(messageId));
}
