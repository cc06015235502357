// The page of the laboratory: mediasoup-client, a painted picture, a tone, and nothing else.
// Steered from outside through `lab`; what is to be signalled goes to `signal`, which the test
// provides.

import { Device } from 'mediasoup-client';

const device = new Device();
let sendTransport;
let receiveTransport;

function watch(transport) {
  transport.on('connect', ({ dtlsParameters }, done, failed) => {
    signal('connect', { id: transport.id, dtlsParameters }).then(done, failed);
  });
  return transport;
}

async function load({ routerRtpCapabilities, send, receive }) {
  await device.load({ routerRtpCapabilities });
  sendTransport = watch(device.createSendTransport(send));
  receiveTransport = watch(device.createRecvTransport(receive));
  sendTransport.on('produce', ({ kind, rtpParameters }, done, failed) => {
    signal('produce', { kind, rtpParameters }).then((id) => done({ id }), failed);
  });
  return device.rtpCapabilities;
}

// A picture with detail that moves, so that each layer has something to spend its bits on.
function paintedTrack({ width, height, fps }) {
  const wall = new OffscreenCanvas(width * 2, height);
  const brush = wall.getContext('2d');
  // The same wall each time (xorshift32).
  let state = 1;
  const random = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  for (let y = 0; y < height; y += 8) {
    for (let x = 0; x < width * 2; x += 8) {
      brush.fillStyle = `hsl(${random() % 360} 40% ${30 + (random() % 40)}%)`;
      brush.fillRect(x, y, 8, 8);
    }
  }
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width, height });
  document.body.append(canvas);
  const g = canvas.getContext('2d');
  let frame = 0;
  setInterval(() => {
    g.drawImage(wall, -((frame * 3) % width), 0);
    g.fillStyle = '#fff';
    g.font = `${height >> 2}px monospace`;
    g.fillText(String(frame++), width >> 3, height >> 1);
  }, 1000 / fps);
  return canvas.captureStream(fps).getVideoTracks()[0];
}

let tone = null;

// Silent until lab.speak; a little noise keeps the line alive, as a real microphone does.
function toneTrack({ pitch, hum }) {
  const context = new AudioContext();
  const output = context.createMediaStreamDestination();
  const voice = context.createOscillator();
  const gate = context.createGain();
  const floor = context.createGain();
  voice.frequency.value = pitch;
  gate.gain.value = 0;
  floor.gain.value = hum;
  voice.connect(gate).connect(output);
  voice.connect(floor).connect(output);
  voice.start();
  tone = { context, gate };
  return output.stream.getAudioTracks()[0];
}

// From now on as loud as `gain`; answers when that was.
function speak(gain) {
  tone.gate.gain.setValueAtTime(gain, tone.context.currentTime);
  return performance.timeOrigin + performance.now();
}

// Encrypted frames pass a worker that the browser calls for each.
function newTransform() {
  const source = new Blob([`(${cipherWorker})()`], { type: 'text/javascript' });
  return new RTCRtpScriptTransform(new Worker(URL.createObjectURL(source)));
}

// Becomes the text of the worker above, and so refers to nothing outside.
function cipherWorker() {
  const kKey = 0xa5;
  const flip = (bytes, from, to) => {
    for (let at = from; at < to; ++at) bytes[at] ^= kKey;
  };

  // AV1 §5.3: header, extension and size of each OBU stay in the clear, because sender and receiver
  // cut frames at them; the rest, sequence headers too, is for nobody to read.
  const flipObus = (bytes) => {
    for (let at = 0; at < bytes.length;) {
      const header = bytes[at++];
      if (header & 4) ++at;
      let size = bytes.length - at;
      if (header & 2) {
        size = 0;
        for (let shift = 0; ; shift += 7) {
          const byte = bytes[at++];
          size |= (byte & 0x7f) << shift;
          if (!(byte & 0x80)) break;
        }
      }
      flip(bytes, at, at + size);
      at += size;
    }
  };

  globalThis.onrtctransform = ({ transformer }) => {
    const transform = (frame, controller) => {
      const bytes = new Uint8Array(frame.data.slice(0));
      flipObus(bytes);
      frame.data = bytes.buffer;
      controller.enqueue(frame);
    };
    const pipe = transformer.readable.pipeThrough(new TransformStream({ transform }));
    pipe.pipeTo(transformer.writable);
  };
}

function codecNamed(mimeType) {
  return device.rtpCapabilities.codecs.find((codec) => codec.mimeType === mimeType);
}

async function publishPicture({ mimeType, encodings, picture, encrypted }) {
  const producer = await sendTransport.produce({
    track: paintedTrack(picture),
    encodings,
    codec: codecNamed(mimeType),
    codecOptions: { videoGoogleStartBitrate: 1500 },
    onRtpSender: (sender) => {
      if (encrypted) sender.transform = newTransform();
    },
  });
  // The sizes are what the tests are about; an encoder that finds them too large for its rate, or
  // this machine too busy, shall send fewer pictures instead.
  const { rtpSender } = producer;
  const parameters = rtpSender.getParameters();
  await rtpSender.setParameters({ ...parameters, degradationPreference: 'maintain-resolution' });
  return producer.id;
}

async function publishTone({ pitch, hum, dtx = true }) {
  const codecOptions = { opusDtx: dtx, opusFec: true };
  const producer = await sendTransport.produce({ track: toneTrack({ pitch, hum }), codecOptions });
  return producer.id;
}

// Shows the stream; answers the id of its track, under which the statistics know it.
async function consume({ description, encrypted }) {
  const consumer = await receiveTransport.consume({
    ...description,
    onRtpReceiver: (receiver) => {
      if (encrypted) receiver.transform = newTransform();
    },
  });
  const element = document.createElement(consumer.kind);
  element.autoplay = true;
  // Or it would not start by itself; sound must play, or nobody decodes it.
  element.muted = consumer.kind === 'video';
  element.srcObject = new MediaStream([consumer.track]);
  document.body.append(element);
  return consumer.track.id;
}

function restartIce({ id, iceParameters }) {
  const transport = [sendTransport, receiveTransport].find((one) => one.id === id);
  return transport.restartIce({ iceParameters });
}

globalThis.lab = { load, publishPicture, publishTone, speak, consume, restartIce };
