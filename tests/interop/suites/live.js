// The live page in a browser: does it show who is there and what flows, within seconds, and does it keep
// to itself what it should?

import assert from 'node:assert/strict';

import { until } from '../support/until.js';

const kToken = 'a-token-for-the-live-page';
// People who only look; no encoder for a machine that is busy.
const kQuiet = { audio: 1, video: 0 };
const kWithin = { within: 30_000 };

export async function live(t, stage) {
  await t.test('whoever looks sees people come and go, and what flows', () => shown(stage));
  await t.test('with a token, nothing is shown without it', () => locked(t, stage));
}

async function open(browser, url, options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(error.message));
  page.on('console', (message) => {
    // A refused answer is logged by the browser itself.
    if (message.type() === 'error' && !/status of 401/.test(message.text())) {
      page.faults.push(message.text());
    }
  });
  await page.goto(url);
  return page;
}

// The number of a tile by its title.
const number = (page, title) =>
  page
    .locator('.tile', { has: page.getByRole('heading', { name: title, exact: true }) })
    .locator('.number');

// A canvas on which something was drawn beside the grid: in one of the colours that only data has.
function isDrawn(page, selector) {
  return page
    .locator(selector)
    .first()
    .evaluate((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let coloured = 0;
      for (let i = 0; i < data.length; i += 4) {
        const spread =
          Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]);
        if (data[i + 3] > 40 && spread > 60) coloured += 1;
      }
      return coloured > 20;
    });
}

async function shown(stage) {
  const page = await open(stage.browser, new URL('/live', stage.server.url).href);
  const tells = (what, locator, text) =>
    until(what, async () => (await locator.textContent()) === text, kWithin);
  await tells('nobody is there', number(page, 'People'), '0');
  await page.locator('p.empty', { hasText: 'Nobody is here' }).waitFor();
  const room = stage.freshRoom('live');
  await stage.withPeople(['Ada', 'Bo'], { room, ...kQuiet }, async (...people) => {
    await Promise.all(people.map((person) => person.joined({ within: 30_000 })));
    await tells('two people are there', number(page, 'People'), '2');
    const card = page.locator('.card', { has: page.locator('h3', { hasText: room }) });
    await card.locator('.state', { hasText: '2 people' }).waitFor();
    await until(
      'bit rates are drawn',
      () => isDrawn(page, '.charts .chart:nth-child(1) canvas'),
      kWithin,
    );
    await until(
      'delays are drawn',
      () => isDrawn(page, '.charts .chart:nth-child(2) canvas'),
      kWithin,
    );
  });
  await tells('they have left', number(page, 'People'), '0');
  await until(
    'their room is gone',
    async () => (await page.locator('h3', { hasText: room }).count()) === 0,
    kWithin,
  );
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

async function locked(t, stage) {
  const server = await stage.startServer({ workers: 1, options: ['--metrics-token', kToken] });
  const url = new URL('/live', server.url).href;
  const page = await open(stage.browser, url, { colorScheme: 'light' });
  const field = page.locator('input[name=token]');
  await field.fill('some other token');
  await page.locator('form button').click();
  await page.locator('form', { hasText: 'That was not the token' }).waitFor();
  assert.equal(await page.locator('.tile').count(), 0);
  await field.fill(kToken);
  await page.locator('form button').click();
  await page.locator('.pill.live').waitFor();
  await page.reload();
  await page.locator('.pill.live').waitFor();
  assert.deepEqual(page.faults, []);
  await page.context().close();
  const byLink = await open(stage.browser, `${url}#token=${kToken}`);
  await byLink.locator('.pill.live').waitFor();
  assert.equal(new URL(byLink.url()).hash, '', 'the token does not stay in the address');
  await byLink.context().close();
}
