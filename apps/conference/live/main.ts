// Entry point of the live page.

import { askByFetch, Feed } from './feed';
import type { FeedState } from './feed';
import { LivePage } from './page';
import { Window } from './window';

const kTokenKey = 'sluice-metrics-token';

// From /live#token=T, which no server is told, or what was typed in this tab before.
function knownToken(): string | null {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given === null) return sessionStorage.getItem(kTokenKey);
  sessionStorage.setItem(kTokenKey, given);
  history.replaceState(null, '', location.pathname);
  return given;
}

function start(): void {
  const root = document.getElementById('live');
  if (!root) throw new Error('this page was not served by its server');
  const window_ = new Window();
  const feed = new Feed(
    {
      ask: askByFetch,
      after: (ms, task) => void setTimeout(task, ms),
      position: () => ({ life: window_.life, since: window_.last?.number ?? 0 }),
      onAnswer: (answer) => window_.take(answer),
      onState: (state: FeedState) => {
        page.show(state);
        page.draw();
      },
    },
    knownToken(),
  );
  const page = new LivePage(root, window_, (token) => {
    sessionStorage.setItem(kTokenKey, token);
    feed.unlock(token);
  });
  addEventListener('resize', () => page.draw());
  matchMedia('(prefers-color-scheme: light)').addEventListener('change', () => page.draw());
  feed.start();
}

start();
