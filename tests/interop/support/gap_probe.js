// Notes when each picture came that a page shows of somebody else. Put among the page's scripts;
// changes nothing of what they see.

{
  // Three minutes at thirty pictures a second.
  const kMostTimes = 6000;
  const kLookMs = 100;
  const watched = new WeakSet();
  const times = [];

  // The time at which a picture was there, and not when it was painted: a busy machine paints late,
  // and the network has nothing to do with it. Pictures of one's own were never received.
  function watch(video) {
    watched.add(video);
    const next = (now, { receiveTime }) => {
      if (receiveTime !== undefined && times.length < kMostTimes) {
        times.push(performance.timeOrigin + receiveTime);
      }
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
  }

  setInterval(() => {
    for (const video of document.querySelectorAll('video')) {
      if (!watched.has(video)) watch(video);
    }
  }, kLookMs);

  globalThis.gapProbe = {
    // All since the last time.
    take() {
      return times.splice(0);
    },
  };
}
