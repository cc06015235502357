// What is asked of the figures, as sentences that hold or do not.

const phaseOf = (results, profile, name = '') =>
  results.find((result) => result.profile === profile)?.phases.find(({ phase }) => phase === name);

const percent = (share) => `${(share * 100).toFixed(1)} %`;
const goal = (text, met, measured) => ({ text, met, measured });

function lossGoal(results) {
  const [clean, lossy] = [phaseOf(results, 'clean'), phaseOf(results, '5 % loss')];
  if (!clean || !lossy) return [];
  const share = lossy.bad.framesPerSecond / clean.bad.framesPerSecond;
  const text = 'at 5 % loss at least 95 % of the clean frame rate';
  return [goal(text, share >= 0.95, percent(share))];
}

function stepGoals(results, fullWidth) {
  const narrow = phaseOf(results, 'steps', '400 kbit/s');
  const wide = phaseOf(results, 'steps', '2.5 Mbit/s again');
  if (!narrow || !wide || !phaseOf(results, 'clean')) return [];
  const { framesPerSecond, freezes, meanWidth, concealed } = narrow.bad;
  // The lowest of three temporal layers has a quarter of the pictures. A narrower picture is a
  // lower layer; which one is for the path to say.
  const least = phaseOf(results, 'clean').bad.framesPerSecond / 4;
  const goesOn = framesPerSecond > least * 0.9 && meanWidth > 0 && meanWidth < fullWidth;
  const seen = `${framesPerSecond} fps, ${meanWidth} pixels wide, ${freezes} freezes`;
  const back = wide.fullSizeAfter;
  return [
    goal('under 400 kbit/s video continues at a lower layer', goesOn, seen),
    goal(
      'under 400 kbit/s less than 2 % of the sound is concealed',
      concealed < 0.02,
      percent(concealed),
    ),
    goal(
      'the top layer is back less than 15 s after the step up',
      back !== null && back < 15,
      back === null ? 'not back' : `${back} s`,
    ),
  ];
}

// Frame rate and size of what the good receivers get of each other, in the worst phase of a profile.
function bystanderGoals(results) {
  return withoutClean(results).map(({ profile, phases, clean }) => {
    const least = (field) => leastOf(phases, (good) => good[field] / clean.good[field]);
    const [rate, width] = [least('framesPerSecond'), least('meanWidth')];
    const text = `${profile}: the good receivers stay within 2 % of their clean run`;
    const whole = averageOf(phases, (good) => good.framesPerSecond / clean.good.framesPerSecond);
    const inAll = phases.length > 1 ? `, over all its phases ${percent(whole)}` : '';
    const measured = `frame rate ${percent(rate)}${inAll}, width ${percent(width)}`;
    return goal(text, rate >= 0.98 && width >= 0.98, measured);
  });
}

// The same for a run so short that an encoder that missed two pictures would decide it: of what was
// sent as much arrives as in the clean run, but for the pictures at either end.
function shortBystanderGoals(results) {
  const share = (figures) => figures.framesPerSecond / figures.sentPerSecond;
  return withoutClean(results).map(({ profile, phases, clean }) => {
    const least = leastOf(phases, (good) => share(good) / share(clean.good));
    const text = `${profile}: the good receivers get as much as in their clean run, less 5 %`;
    return goal(text, least >= 0.95, percent(least));
  });
}

function withoutClean(results) {
  const clean = phaseOf(results, 'clean');
  const others = clean ? results.filter(({ profile }) => profile !== 'clean') : [];
  return others.map((result) => ({ ...result, clean }));
}

const leastOf = (phases, share) => Math.min(...phases.map(({ good }) => share(good)));

function averageOf(phases, share) {
  const seconds = phases.reduce((sum, phase) => sum + phase.seconds, 0);
  return phases.reduce((sum, { good, seconds: own }) => sum + share(good) * own, 0) / seconds;
}

const failures = (results) =>
  results
    .filter(({ failure }) => failure)
    .map(({ profile, failure }) => goal(`${profile} can be played`, false, failure));

export function goals(all, fullWidth) {
  const played = all.filter(({ failure }) => !failure);
  const kinds = [lossGoal(played), stepGoals(played, fullWidth), bystanderGoals(played)];
  return [...failures(all), ...kinds.flat()];
}

export function shortGoals(all) {
  const played = all.filter(({ failure }) => !failure);
  return [...failures(all), ...lossGoal(played), ...shortBystanderGoals(played)];
}
