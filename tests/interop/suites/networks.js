// Three people, one with a bad link: the short form of `npm run networks`.

import assert from 'node:assert/strict';

import { shortGoals } from '../networks/goals.js';
import { play } from '../networks/play.js';
import { kShortProfiles } from '../networks/profiles.js';
import { whyNoNamespaces } from '../support/namespace.js';
import { Network, kCamera } from '../support/network.js';

export async function networks(t) {
  await t.test('three people, one with a bad link', { skip: whyNoNamespaces }, async (t) => {
    const network = await Network.open();
    const results = [];
    try {
      for (const profile of kShortProfiles) {
        const result = await play(network, profile, { fullWidth: kCamera.width });
        results.push(result);
        const { bad, good } = result.phases.at(-1);
        const concealed = (bad.concealed * 100).toFixed(1);
        t.diagnostic(
          `${profile.name}: ${bad.framesPerSecond} fps behind the link, ` +
            `${good.framesPerSecond} fps elsewhere, ${concealed} % concealed`,
        );
      }
    } finally {
      await network.close();
    }
    for (const { text, met, measured } of shortGoals(results)) {
      assert.ok(met, `${text}: ${measured}`);
    }
  });
}
