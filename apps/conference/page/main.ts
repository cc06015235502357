// Entry point of the page: reads its configuration, starts what takes time, shows the first view.

import { Device } from 'mediasoup-client';

import type { PageConfig } from '../protocol/messages';
import { App } from './app';
import { endView } from './end_view';
import { findObstacle } from './failures';
import { parseParams } from './params';

// Once per page: the browser is asked what it can do by way of a connection that is thrown away,
// which takes longer than joining a room.
async function loadDevice(config: PageConfig): Promise<Device> {
  const device = await Device.factory();
  await device.load({ routerRtpCapabilities: config.routerRtpCapabilities });
  return device;
}

function start(): void {
  const root = document.getElementById('app');
  const block = document.getElementById('sluice-config');
  if (!root || !block?.textContent) throw new Error('this page was not served by its server');
  const config = JSON.parse(block.textContent) as PageConfig;
  const device = loadDevice(config);
  device.catch((error: unknown) => {
    console.error('this browser is not supported', error);
    const obstacle = findObstacle({
      isSecureContext: true,
      hasMediaDevices: true,
      hasPeerConnection: false,
      hasWebSocket: true,
    });
    root.replaceChildren(endView('Unsupported browser', obstacle?.text ?? '', []));
  });
  const app = new App(root, config, parseParams(location.pathname, location.search), device);
  window.sluice = app;
  app.start();
}

start();
