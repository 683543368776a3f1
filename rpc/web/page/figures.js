// What an answer cost, from the server's count and the clock of this page.

/** usage: of the last chunk. seconds: from sending the request to its end. */
export function figuresOf(usage, seconds) {
  const diffusion = usage?.diffusion ?? {};
  const tokens = usage?.completion_tokens ?? 0;
  const steps = diffusion.forward_passes ?? 0;
  return { tokens, steps, blocks: diffusion.blocks ?? 0, tokens_per_forward: steps > 0 ? tokens / steps : 0,
           seconds, tokens_per_second: seconds > 0 ? tokens / seconds : 0 };
}

function digits(number, places) {
  return number.toLocaleString("en", { maximumFractionDigits: places });
}

function counted(number, noun) {
  return `${digits(number, 0)} ${noun}${number === 1 ? "" : "s"}`;
}

export function figuresText(figures) {
  return `${counted(figures.tokens, "token")} in ${counted(figures.steps, "step")}, ` +
    `${digits(figures.tokens_per_forward, 2)} tokens per forward, ${digits(figures.seconds, 2)} s, ` +
    `${digits(figures.tokens_per_second, 1)} tokens/s`;
}

/** What jobs did between two lists of them: the server counts each job's tokens and forwards. */
export function progressBetween(before, now) {
  const known = new Map(before.map((job) => [job.id, job]));
  const sum = (name) => now.reduce((total, job) => total + Math.max(job[name] - (known.get(job.id)?.[name] ?? 0), 0), 0);
  return { tokens: sum("tokens"), forwards: sum("forwards") };
}

/** The value of a metric in Prometheus' text, summed over its labels; null if it is not there. */
export function metricOf(text, name) {
  let sum = null;
  for (const line of text.split("\n")) {
    if (!line.startsWith(name) || !/^[ {]/.test(line.slice(name.length))) continue;
    const value = Number(line.slice(line.lastIndexOf(" ") + 1));
    if (Number.isFinite(value)) sum = (sum ?? 0) + value;
  }
  return sum;
}
