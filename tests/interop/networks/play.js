// Plays one profile: three people meet, the link of one goes bad, everybody's decoders are asked.

import { average, figuresOf, sentRate, wideAfter } from './figures.js';

// Everybody has seen everybody for so long before it begins; a start is not what is measured.
const kWarmSeconds = 4;
const kWarmMostMs = 20_000;
// Three browsers start at once.
const kJoinMs = 30_000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function sizesSeen(person) {
  const { inbound } = await person.page.evaluate(() => rtcProbe.sample());
  return inbound.filter(({ kind }) => kind === 'video').map(({ frameWidth }) => frameWidth ?? 0);
}

// Until everybody has seen both others in full size for a while, or it becomes clear that this
// machine will not get there. Resolves with the size that was reached by the worst.
async function warmUp(people, fullWidth) {
  const deadline = Date.now() + kWarmMostMs;
  let since = null;
  let least = 0;
  for (;;) {
    const seen = (await Promise.all(people.map(sizesSeen))).flat();
    const complete = seen.length === people.length * (people.length - 1);
    least = complete ? Math.min(...seen) : 0;
    if (least < fullWidth) since = null;
    else since ??= Date.now();
    if (since && Date.now() - since > kWarmSeconds * 1000) return least;
    if (Date.now() > deadline) return least;
    await pause(250);
  }
}

// Who is who, for each page. An id that was seen stays known: whoever rejoins has a new one.
class Names {
  #ids = new Map();

  async note(people) {
    for (const person of people) {
      const state = await person.state().catch(() => null);
      for (const { id, name } of state?.peers ?? []) {
        this.of(name).push(...(this.of(name).includes(id) ? [] : [id]));
      }
    }
  }

  of(name) {
    if (!this.#ids.has(name)) this.#ids.set(name, []);
    return this.#ids.get(name);
  }
}

async function runPhases(link, phases) {
  const spans = [];
  for (const phase of phases) {
    await link.set(phase.link);
    const began = Date.now();
    await pause(phase.seconds * 1000);
    spans.push({ ...phase, began, ended: Date.now() });
  }
  return spans;
}

// One flow, `from` as seen by `to`, in one phase.
function flow(samples, names, span, from, to) {
  const figures = figuresOf(samples.get(to), names.of(from), span);
  if (!figures) throw new Error(`too few samples of ${to}: this machine is too busy`);
  return { ...figures, sentPerSecond: sentRate(samples.get(from), span) };
}

function summary(people, samples, names, span) {
  const all = people.map(({ name }) => name);
  const bad = all.at(-1);
  const good = all.slice(0, -1);
  const flows = {};
  for (const to of all) {
    for (const from of all) {
      if (from !== to) flows[`${from}>${to}`] = flow(samples, names, span, from, to);
    }
  }
  const pick = (froms, tos) =>
    tos.flatMap((to) => froms.filter((from) => from !== to).map((from) => flows[`${from}>${to}`]));
  return {
    phase: span.name,
    link: span.link,
    seconds: span.seconds,
    // What arrives over the bad link, what the others get of each other, and what they get of it.
    bad: average(pick(good, [bad])),
    good: average(pick(good, good)),
    ofBad: average(pick([bad], good)),
    flows,
  };
}

// Since when in this phase the one behind the bad link has seen everybody in full size, or null.
function fullSizeAfter(phase, people, fullWidth) {
  const bad = people.at(-1).name;
  const since = people
    .slice(0, -1)
    .map(({ name }) => wideAfter(phase.flows[`${name}>${bad}`].points, fullWidth));
  return since.includes(null) ? null : Math.max(...since);
}

export async function play(network, profile, { fullWidth, params }) {
  const people = await network.meet(params);
  const names = new Names();
  try {
    for (const person of people) await person.joined({ within: kJoinMs });
    const warm = await warmUp(people, fullWidth);
    await names.note(people);
    for (const person of people) await person.page.evaluate(() => rtcProbe.take().length);
    const spans = await runPhases(network.link, profile.phases);
    const samples = new Map();
    for (const person of people) {
      samples.set(person.name, await person.page.evaluate(() => rtcProbe.take()));
    }
    await names.note(people);
    const phases = spans.map((span) => summary(people, samples, names, span));
    for (const phase of phases) phase.fullSizeAfter = fullSizeAfter(phase, people, fullWidth);
    const sent = people.map(({ name }) => [name, samples.get(name).at(-1)?.outbound ?? []]);
    return { profile: profile.name, warm, phases, sent: Object.fromEntries(sent) };
  } finally {
    await network.link.set('');
    await Promise.all(people.map((person) => person.close().catch(() => {})));
  }
}
