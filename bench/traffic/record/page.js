// The page that is recorded: mediasoup-client, the camera or the microphone, and nothing else.

import { Device } from 'mediasoup-client';

const device = new Device();
let transport;

async function load({ routerRtpCapabilities, send }) {
  await device.load({ routerRtpCapabilities });
  transport = device.createSendTransport(send);
  transport.on('connect', ({ dtlsParameters }, done, failed) => {
    signal('connect', { dtlsParameters }).then(done, failed);
  });
  transport.on('produce', ({ kind, rtpParameters }, done, failed) => {
    signal('produce', { kind, rtpParameters }).then((id) => done({ id }), failed);
  });
}

async function publishVideo({ mimeType, encodings, width, height, fps }) {
  const video = { width, height, frameRate: fps };
  const stream = await navigator.mediaDevices.getUserMedia({ video });
  const codec = device.rtpCapabilities.codecs.find((one) => one.mimeType === mimeType);
  const producer = await transport.produce({
    track: stream.getVideoTracks()[0],
    encodings,
    codec,
    codecOptions: { videoGoogleStartBitrate: 1500 },
  });
  // The sizes are what a trace is about.
  const { rtpSender } = producer;
  const parameters = rtpSender.getParameters();
  await rtpSender.setParameters({ ...parameters, degradationPreference: 'maintain-resolution' });
}

async function publishAudio() {
  // The voice as it is: this is about packets, not about sound.
  const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const stream = await navigator.mediaDevices.getUserMedia({ audio });
  await transport.produce({ track: stream.getAudioTracks()[0] });
}

globalThis.recorded = { load, publishVideo, publishAudio };
