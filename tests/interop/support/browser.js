// Chromium of the system, headless, with a camera and a microphone that are made up.

import { existsSync } from 'node:fs';

import { chromium } from 'playwright-core';

const kPath = process.env.SLUICE_CHROMIUM ?? '/usr/bin/chromium';

// A reason to skip, or false. scripts/test.sh lets no skip pass when CI=true.
export const whyNoBrowser = existsSync(kPath)
  ? false
  : `there is no ${kPath}: install Debian's chromium or name another one in SLUICE_CHROMIUM`;

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
// Ten pictures a second leave two cores room for three encoders and six decoders.
const kCamera = '--use-fake-device-for-media-stream=fps=10';
const kYes = '--use-fake-ui-for-media-stream';

// `camera` and `permission` are the switches that stand for a device and a person's answer.
// Playwright makes a fresh profile for each browser and removes it.
export function openBrowser({ camera = kCamera, permission = kYes, extra = [] } = {}) {
  const args = [...kFlags, camera, permission, ...extra].filter(Boolean);
  return chromium.launch({ executablePath: kPath, headless: true, args });
}
