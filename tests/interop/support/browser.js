// Chromium of the system, headless, with a camera and a microphone that are made up.

import { existsSync } from 'node:fs';

import { chromium } from 'playwright-core';

export const chromiumPath = process.env.SLUICE_CHROMIUM ?? '/usr/bin/chromium';

// A reason to skip, or false. scripts/test.sh lets no skip pass when CI=true.
export const whyNoBrowser = existsSync(chromiumPath)
  ? false
  : `there is no ${chromiumPath}: install Debian's chromium or name another one in SLUICE_CHROMIUM`;

const kFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--allow-loopback-in-peer-connection',
];
// Five pictures a second leave two cores room for four encoders and seven decoders of 720p, all of
// them in software.
const kCamera = { fps: 5 };

// `camera` names the properties of the made-up camera, `permission` is the person's answer when the
// page asks for it, `path` is another program in the place of Chromium. Playwright makes a fresh
// profile for each browser and removes it.
export function openBrowser(setup = {}) {
  const { camera = kCamera, permission = 'allow', extra = [], path = chromiumPath } = setup;
  const properties = Object.entries(camera).map(([key, value]) => `${key}=${value}`);
  const args = [
    ...kFlags,
    `--use-fake-device-for-media-stream=${properties}`,
    permission === 'allow'
      ? '--use-fake-ui-for-media-stream'
      : `--use-fake-ui-for-media-stream=${permission}`,
    ...extra,
  ];
  return chromium.launch({ executablePath: path, headless: true, args });
}
