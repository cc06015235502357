// Somebody in a room: one RTCPeerConnection, and no library.

const byId = (id) => document.getElementById(id);
// Three sizes of the camera, of which everybody gets the one that his connection carries.
const sizes = [
  { rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 150_000 },
  { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 500_000 },
  { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 1_500_000 },
];

// What was said before is not kept for ever.
const mostLines = 200;

async function ask(path, body) {
  const answer = await fetch(path, { method: 'POST', body: JSON.stringify(body ?? {}) });
  if (answer.status === 204) return undefined;
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told.error ?? `the server answered ${answer.status}`);
  return told;
}

class Call {
  #key;
  #connection = new RTCPeerConnection();
  #events;
  #steps = Promise.resolve();
  // Those that wait for the answer to an offer of ours.
  #answered = [];
  #generation = 0;
  #ended;
  #local = [];
  #screen;
  #chat;

  static async join(room, name, ended) {
    const media = await openMedia();
    try {
      const { id, key } = await ask(`rooms/${room}`, { name });
      return new Call({ id, key, name, media, ended });
    } catch (error) {
      media?.getTracks().forEach((track) => track.stop());
      throw error;
    }
  }

  constructor({ id, key, name, media, ended }) {
    this.id = id;
    this.#key = key;
    this.#ended = ended;
    this.#local = media?.getTracks() ?? [];
    tileOf(id, `${name} (you)`, 'self');
    const connection = this.#connection;
    connection.ontrack = ({ track, streams: [stream] }) => show(stream, track);
    connection.onnegotiationneeded = () => this.#step(() => this.#offer());
    for (const track of this.#local) {
      const isVideo = track.kind === 'video';
      connection.addTransceiver(track, {
        direction: 'sendonly',
        streams: [media],
        ...(isVideo ? { sendEncodings: sizes } : {}),
      });
      if (isVideo) show(new MediaStream([track]), track, id);
    }
    this.#chat = connection.createDataChannel('chat');
    // The server names the channels of the others by who speaks.
    connection.ondatachannel = ({ channel }) => {
      channel.onmessage = ({ data }) => addLine(nameOf(channel.label), data);
    };
    this.#events = new EventSource(`people/${key}/events`);
    this.#events.onmessage = ({ data }) => this.#hear(JSON.parse(data));
    // When it comes back, it goes on where it was; the server forgets who is away for too long.
    this.#events.onerror = () => {
      if (this.#events.readyState === EventSource.CLOSED)
        this.close('the server does not know us any more');
    };
  }

  // One thing after the other: offers, answers, and what they are made of.
  #step(action) {
    this.#steps = this.#steps.then(action).catch((error) => {
      if (this.#connection.signalingState !== 'closed') console.error('room:', error.message);
    });
    return this.#steps;
  }

  async #offer() {
    const connection = this.#connection;
    if (connection.signalingState !== 'stable') return;
    await connection.setLocalDescription();
    const answered = new Promise((resolve) => this.#answered.push(resolve));
    try {
      await ask(`people/${this.#key}/offer`, { sdp: connection.localDescription.sdp });
      await connection.setRemoteDescription({ type: 'answer', sdp: await answered });
    } catch (error) {
      // Everything is as it was.
      this.#answered.pop();
      await connection.setLocalDescription({ type: 'rollback' });
      throw error;
    }
  }

  #hear(news) {
    const handlers = {
      joined: ({ id, name }) => tileOf(id, name),
      left: ({ id }) => remove(id),
      speaker: ({ id }) => highlight(id),
      offer: ({ sdp }) => this.#take(sdp),
      answer: ({ sdp }) => this.#agree(sdp),
      bye: ({ reason }) => this.close(reason),
    };
    handlers[news.type]?.(news);
  }

  // Answers come the same way as offers of the server do: an offer that comes before the answer to
  // ours has been withdrawn, and one that comes behind it has not.
  #agree(sdp) {
    this.#generation += 1;
    this.#answered.shift()?.(sdp);
  }

  #take(sdp) {
    const generation = this.#generation;
    return this.#step(async () => {
      const connection = this.#connection;
      if (generation !== this.#generation || connection.signalingState !== 'stable') return;
      await connection.setRemoteDescription({ type: 'offer', sdp });
      await connection.setLocalDescription();
      await ask(`people/${this.#key}/answer`, { sdp: connection.localDescription.sdp });
    });
  }

  // Turns the microphone ('audio') or the camera ('video') off or on again.
  turn(kind, isOn) {
    for (const track of this.#local) if (track.kind === kind) track.enabled = isOn;
  }

  // False while nobody could hear it.
  say(words) {
    if (this.#chat.readyState !== 'open') return false;
    this.#chat.send(words);
    addLine(nameOf(this.id), words);
    return true;
  }

  async share(ended) {
    const media = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: 15 } });
    const [track] = media.getVideoTracks();
    track.contentHint = 'detail';
    this.#screen = this.#connection.addTransceiver(track, {
      direction: 'sendonly',
      streams: [media],
    });
    track.onended = ended;
  }

  unshare() {
    this.#screen?.sender.track?.stop();
    this.#screen?.stop();
    this.#screen = undefined;
  }

  close(reason) {
    if (this.#connection.signalingState === 'closed') return;
    navigator.sendBeacon(`people/${this.#key}/leave`);
    this.#events.close();
    this.unshare();
    this.#connection.close();
    for (const track of this.#local) track.stop();
    this.#ended(reason);
  }

  get connection() {
    return this.#connection;
  }
}

// Somebody without a camera, or without both, still hears and sees the others.
async function openMedia() {
  const video = { width: { ideal: 1280 }, height: { ideal: 720 } };
  const audio = { echoCancellation: true };
  for (const wish of [{ audio, video }, { audio }]) {
    const media = await navigator.mediaDevices?.getUserMedia(wish).catch(() => undefined);
    if (media) return media;
  }
  return undefined;
}

function tileOf(id, name, ...kinds) {
  const known = byId(`tile-${id}`);
  if (known) return known;
  const tile = document.createElement('figure');
  tile.id = `tile-${id}`;
  tile.classList.add('tile', ...kinds);
  tile.dataset.initial = [...name][0]?.toUpperCase() ?? '?';
  const caption = document.createElement('figcaption');
  caption.textContent = name;
  tile.append(caption);
  byId('tiles').append(tile);
  return tile;
}

// The first picture of somebody is the camera, a second one the screen, which gets a tile of its own.
function show(stream, track, id = stream.id) {
  const owner = tileOf(id, '?');
  if (track.kind === 'audio') {
    append(owner, track, document.createElement('audio'));
    return;
  }
  const isSecond = owner.querySelector('video') !== null;
  const name = owner.querySelector('figcaption').textContent;
  const tile = isSecond ? tileOf(`${id}-${track.id}`, `${name}: screen`, 'screen') : owner;
  tile.dataset.owner = id;
  tile.classList.add('seen');
  append(tile, track, document.createElement('video'));
}

function append(tile, track, element) {
  element.autoplay = true;
  element.playsInline = true;
  element.muted = tile.classList.contains('self');
  element.srcObject = new MediaStream([track]);
  tile.prepend(element);
  const end = () => {
    element.remove();
    if (tile.classList.contains('screen')) tile.remove();
    else if (track.kind === 'video') tile.classList.remove('seen');
  };
  track.addEventListener('ended', end);
  // A transceiver that is stopped, or receives no more, mutes its track for good.
  track.addEventListener('mute', () => {
    const transceiver = call?.connection
      .getTransceivers()
      .find(({ receiver }) => receiver.track === track);
    if (transceiver && !/recv/.test(transceiver.currentDirection ?? '')) end();
  });
}

function nameOf(id) {
  return byId(`tile-${id}`)?.querySelector('figcaption').textContent ?? 'somebody';
}

function addLine(name, words) {
  if (typeof words !== 'string') return;
  const line = document.createElement('li');
  const who = document.createElement('b');
  who.textContent = name;
  line.append(who, ` ${words}`);
  const lines = byId('lines');
  lines.append(line);
  while (lines.childElementCount > mostLines) lines.firstElementChild.remove();
  line.scrollIntoView({ block: 'nearest' });
}

function remove(id) {
  byId(`tile-${id}`)?.remove();
  for (const tile of document.querySelectorAll(`[data-owner="${CSS.escape(id)}"]`)) tile.remove();
}

function highlight(id) {
  for (const tile of document.querySelectorAll('.tile')) {
    tile.classList.toggle('speaking', tile.id === `tile-${id}`);
  }
}

let call;

function leftWith(reason) {
  call = undefined;
  for (const id of ['tiles', 'lines']) byId(id).replaceChildren();
  byId('stage').hidden = true;
  byId('door').hidden = false;
  byId('complaint').textContent = reason ?? '';
}

byId('door').addEventListener('submit', async (event) => {
  event.preventDefault();
  const [room, name] = [byId('room').value, byId('name').value];
  const button = event.submitter ?? byId('door').querySelector('button');
  button.disabled = true;
  byId('complaint').textContent = '';
  try {
    call = await Call.join(room, name, leftWith);
    // For whoever wants to look into it, and for tests.
    window.call = call;
    byId('where').textContent = `Room ${room}`;
    byId('door').hidden = true;
    byId('stage').hidden = false;
    for (const id of ['microphone', 'camera']) byId(id).setAttribute('aria-pressed', 'true');
    byId('screen').setAttribute('aria-pressed', 'false');
  } catch (error) {
    byId('complaint').textContent = error.message;
  } finally {
    button.disabled = false;
  }
});

for (const [id, kind] of [
  ['microphone', 'audio'],
  ['camera', 'video'],
]) {
  byId(id).addEventListener('click', ({ currentTarget: button }) => {
    const isOn = button.getAttribute('aria-pressed') !== 'true';
    button.setAttribute('aria-pressed', String(isOn));
    call?.turn(kind, isOn);
  });
}

byId('screen').addEventListener('click', async ({ currentTarget: button }) => {
  const stop = () => {
    call?.unshare();
    button.setAttribute('aria-pressed', 'false');
  };
  if (button.getAttribute('aria-pressed') === 'true') {
    stop();
    return;
  }
  // Somebody who thinks better of it has done nothing wrong.
  await call?.share(stop).then(
    () => button.setAttribute('aria-pressed', 'true'),
    () => undefined,
  );
});

byId('say').addEventListener('submit', (event) => {
  event.preventDefault();
  const words = byId('words').value.trim();
  if (words !== '' && call?.say(words)) byId('words').value = '';
});

byId('leave').addEventListener('click', () => call?.close());
addEventListener('pagehide', () => call?.close());

// A link may say where to: #lobby, or #lobby/Ann.
const [room, name] = decodeURIComponent(location.hash.slice(1)).split('/');
if (room) byId('room').value = room;
if (name) byId('name').value = name;
