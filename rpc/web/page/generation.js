// One answer while it comes: text, frames, usage.
import { ApiError, stream } from "./api.js";
import { figuresOf } from "./figures.js";
import { newRecording } from "./recording.js";

/**
 * Asks for an answer and resolves with its recording.
 *   path, body   of the request, without what streams it
 *   prompt       what the recording says was asked
 *   on           {frame(frame), text(text), choice(choice)}: called as they come
 * Rejects with ApiError or AbortError, whose `recording` is what came until then.
 */
export async function generate({ path = "/v1/chat/completions", body, prompt, signal, on }) {
  const recording = newRecording(prompt, body.diffusion ?? {});
  const startedAt = performance.now();
  let usage = null;
  const take = (chunk) => {
    if (chunk.model) recording.model = chunk.model;
    if (chunk.usage) usage = chunk.usage;
    if (chunk.diffusion?.changes) {
      const frame = { t: Math.round(performance.now() - startedAt), ...chunk.diffusion };
      recording.frames.push(frame);
      on.frame?.(frame);
    }
    for (const choice of chunk.choices ?? []) {
      const text = choice.delta?.content ?? choice.text ?? "";
      recording.answer += text;
      if (text) on.text?.(recording.answer);
      if (choice.finish_reason) on.choice?.(choice);
    }
  };
  const streamed = { ...body, stream: true, stream_options: { include_usage: true },
                     diffusion: { ...body.diffusion, stream: "frames" } };
  try {
    await stream(path, streamed, signal, take);
  } catch (error) {
    error.recording = recording;
    throw error;
  }
  recording.figures = figuresOf(usage, (performance.now() - startedAt) / 1000);
  return recording;
}

export function sentenceOf(error) {
  if (error instanceof ApiError) return error.message;
  console.error(error);
  return "Something went wrong in this page.";
}
