// Notes when each person was last seen and heard: pictures as they are shown on their tile, sound as it
// is played. Put in front of the page's own scripts; changes nothing of what they see.

{
  // Five minutes of thirty pictures, and of sound every 20 ms.
  const kMostTimes = 15_000;
  const kLookMs = 20;
  // By name of the person, and by stream, which the page names after the person's id.
  const pictures = new Map();
  const sounds = new Map();
  const watched = new WeakSet();
  const receivers = new Map();

  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...args) {
      super(...args);
      this.addEventListener('track', ({ track, receiver, streams }) => {
        if (track.kind === 'audio') receivers.set(receiver, streams[0]?.id ?? '');
      });
    }
  };

  function note(times, key, time) {
    const list = times.get(key) ?? [];
    times.set(key, list);
    if (list.length < kMostTimes) list.push(time);
  }

  // What the element shows, whichever track it comes from. Pictures of one's own were never received.
  function watch(video) {
    watched.add(video);
    const next = (now, { receiveTime }) => {
      const name = video.closest('[aria-label]')?.getAttribute('aria-label');
      if (receiveTime !== undefined && name) note(pictures, name, performance.timeOrigin + now);
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
  }

  const heard = new Map();
  setInterval(() => {
    for (const video of document.querySelectorAll('video')) {
      if (!watched.has(video)) watch(video);
    }
    for (const [receiver, stream] of receivers) {
      if (receiver.track.readyState === 'ended') {
        receivers.delete(receiver);
        continue;
      }
      // The newest packet that was played; concealment plays none.
      const [{ timestamp } = {}] = receiver.getSynchronizationSources();
      if (timestamp === undefined || heard.get(receiver) === timestamp) continue;
      heard.set(receiver, timestamp);
      note(sounds, stream, performance.timeOrigin + performance.now());
    }
  }, kLookMs);

  globalThis.stillProbe = {
    // All since the last time: { name: times } and { stream: times }.
    take() {
      const all = {
        pictures: Object.fromEntries(pictures),
        sounds: Object.fromEntries(sounds),
      };
      pictures.clear();
      sounds.clear();
      return all;
    },
  };
}
