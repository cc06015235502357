// Runs in a page before its own scripts: camera and microphone that flash and beep at the same
// moment, once a second, so that anybody who sees and hears can say how far the two are apart.
//
// Chromium's made-up devices are of no use for that: each of them has a beat of its own.

(() => {
  const kPeriod = 1;
  const kLength = 0.12;
  const kWidth = 640;
  const kHeight = 360;
  const kLook = 0.2;

  let stage = null;

  function open() {
    const context = new AudioContext({ sampleRate: 48000, latencyHint: 'interactive' });
    const out = context.createMediaStreamDestination();
    const gain = new GainNode(context, { gain: 0 });
    const tone = new OscillatorNode(context, { frequency: 1000 });
    tone.connect(gain).connect(out);
    tone.start();
    const canvas = Object.assign(document.createElement('canvas'), {
      ...{ width: kWidth, height: kHeight },
    });
    const pen = canvas.getContext('2d');
    let planned = Math.ceil(context.currentTime + kLook);
    let turn = 0;
    setInterval(() => {
      const now = context.currentTime;
      while (planned < now + kLook) {
        gain.gain.setValueAtTime(0.5, planned);
        gain.gain.setValueAtTime(0, planned + kLength);
        planned += kPeriod;
      }
      // Dark with something that moves, or white.
      const lit = now % kPeriod < kLength && now > 1;
      pen.fillStyle = lit ? '#fff' : '#101418';
      pen.fillRect(0, 0, kWidth, kHeight);
      pen.fillStyle = lit ? '#ddd' : '#30404c';
      pen.fillRect((++turn * 3) % kWidth, 100, 60, 120);
    }, 10);
    void context.resume();
    return {
      picture: canvas.captureStream(30).getVideoTracks()[0],
      sound: out.stream.getAudioTracks()[0],
    };
  }

  const devices = navigator.mediaDevices;
  devices.getUserMedia = async ({ video, audio }) => {
    stage ??= open();
    const stream = new MediaStream();
    if (video) stream.addTrack(stage.picture.clone());
    if (audio) stream.addTrack(stage.sound.clone());
    return stream;
  };
})();
