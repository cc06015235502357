// The figures as a table for people. The JSON beside it has every sample.

const percent = (share, digits = 1) => `${(share * 100).toFixed(digits)} %`;

function cells(figures, clean) {
  const { framesPerSecond, freezes, frozenSeconds, meanWidth, concealed } = figures;
  const share = clean ? ` (${percent(framesPerSecond / clean.framesPerSecond, 0)})` : '';
  return [
    `${framesPerSecond.toFixed(1)}${share}`,
    `${freezes} / ${frozenSeconds.toFixed(1)}`,
    String(meanWidth),
    percent(concealed),
  ];
}

function row({ profile }, phase, clean) {
  const name = phase.phase ? `${profile}: ${phase.phase}` : profile;
  const { framesPerSecond, meanWidth } = phase.ofBad;
  const sent = phase.good.sentPerSecond.toFixed(1);
  return [
    name,
    ...cells(phase.bad, clean?.bad),
    phase.fullSizeAfter === null ? 'no' : `${phase.fullSizeAfter}`,
    ...cells(phase.good, clean?.good),
    sent,
    `${framesPerSecond.toFixed(1)} at ${meanWidth}`,
  ];
}

const kHead = [
  'network',
  ...['fps (of clean)', 'freezes / s', 'width', 'concealed'].map((name) => `bad: ${name}`),
  'bad: top layer after s',
  ...['fps (of clean)', 'freezes / s', 'width', 'concealed'].map((name) => `good: ${name}`),
  'good: fps sent',
  'good get of bad: fps at width',
];

const line = (cellsOfRow) => `| ${cellsOfRow.join(' | ')} |`;

function rows(result, clean) {
  if (result.failure) return [line([result.profile, 'failed', ...kHead.slice(2).map(() => '')])];
  return result.phases.map((phase) => line(row(result, phase, clean)));
}

// "0 s 960, 3.5 s 240": when the width changed.
function changes(points) {
  const seen = points.filter(({ width }, at) => at === 0 || width !== points[at - 1].width);
  return seen.map(({ seconds, width }) => `${seconds} s ${width}`).join(', ');
}

function resolutions(result, badName) {
  return (result.phases ?? []).flatMap((phase) =>
    Object.entries(phase.flows)
      .filter(([name]) => name.endsWith(`>${badName}`))
      .map(([name, flow]) => {
        const where = phase.phase ? `${result.profile}: ${phase.phase}` : result.profile;
        return `- ${where}, ${name.split('>')[0]}: ${changes(flow.points)}`;
      }),
  );
}

export function markdown({ results, goals, machine, badName }) {
  const clean = results.find(({ profile }) => profile === 'clean')?.phases?.[0];
  return [
    '# Three people, one with a bad link',
    '',
    machine,
    '',
    'bad: what the one behind the link gets of both others; good: what those two get of each',
    'other. Averages of two streams. Freezes as Chromium counts them, with their length;',
    'concealed: sound that was invented, without silence.',
    '',
    line(kHead),
    line(kHead.map(() => '---')),
    ...results.flatMap((result) => rows(result, clean)),
    '',
    '## Goals',
    '',
    ...goals.map(({ met, text, measured }) => `- ${met ? 'met' : 'MISSED'}: ${text}: ${measured}`),
    '',
    '## Width over time, behind the bad link',
    '',
    ...results.flatMap((result) => resolutions(result, badName)),
    '',
  ].join('\n');
}
