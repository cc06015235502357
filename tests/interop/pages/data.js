// A page with one RTCPeerConnection and data channels, without any library. Steered from outside
// through `data`. Every message says which it is and can be checked without being known.

{
  const kMostBuffered = 1024 * 1024;
  // Of what a page remembers of a channel.
  const kMostHeard = 20_000;

  let connection;
  let first;
  const channels = new Map();

  // As long as `size`; begins with `index` if that fits. What follows is different for each.
  function bytesOf(index, size) {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; ++at) bytes[at] = (at * 31 + index * 7) & 0x7f;
    if (size >= 4) new DataView(bytes.buffer).setUint32(0, index & 0x7f7f7f7f);
    return bytes;
  }

  // All of it is ASCII, so that text and bytes are the same.
  const textOf = (index, size) => new TextDecoder().decode(bytesOf(index, size));

  function note(entry, message) {
    const isText = typeof message === 'string';
    const bytes = isText ? new TextEncoder().encode(message) : new Uint8Array(message);
    entry.bytes += bytes.length;
    entry.count += 1;
    if (entry.echo) return acknowledge(entry);
    if (entry.heard.length >= kMostHeard) return;
    const size = bytes.length;
    const index = size >= 4 ? new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) : -1;
    const wanted = bytesOf(Math.max(index, 0), size);
    const isWhole = size < 4 || bytes.every((byte, at) => byte === wanted[at]);
    entry.heard.push({ index, size, isText, isWhole });
  }

  function acknowledge(entry) {
    if (entry.bytes - entry.told < kMostBuffered / 4) return;
    entry.told = entry.bytes;
    channels.get(entry.echo).channel.send(String(entry.bytes));
  }

  function keep(key, channel) {
    channel.binaryType = 'arraybuffer';
    const entry = { channel, heard: [], bytes: 0, count: 0, told: 0, echo: null, last: '' };
    channels.set(key, entry);
    channel.addEventListener('message', ({ data: message }) => {
      if (typeof message === 'string' && message.length < 20) entry.last = message;
      note(entry, message);
    });
    return entry;
  }

  function opened({ channel }) {
    if (channel.readyState === 'open') return Promise.resolve();
    return new Promise((resolve, reject) => {
      channel.addEventListener('open', () => resolve());
      channel.addEventListener('close', () => reject(new Error('closed before it was open')));
    });
  }

  // Answers the offer.
  async function connect() {
    connection = new RTCPeerConnection();
    connection.addEventListener('datachannel', ({ channel }) => keep(channel.label, channel));
    // Or there would be nothing to offer. The other end never hears of it.
    first = connection.createDataChannel('first', { negotiated: true, id: 1000 });
    await connection.setLocalDescription();
    return connection.localDescription.sdp;
  }

  async function answer(sdp) {
    await connection.setRemoteDescription({ type: 'answer', sdp });
    await opened({ channel: first });
  }

  // Answers the stream.
  async function open({ key, ...options }) {
    const entry = keep(key, connection.createDataChannel(key, options));
    await opened(entry);
    return entry.channel.id;
  }

  async function openAll(all) {
    await Promise.all(all.map((one) => open(one)));
  }

  const drained = (channel, most) =>
    new Promise((resolve) => {
      if (channel.bufferedAmount <= most) return resolve();
      channel.bufferedAmountLowThreshold = most;
      channel.addEventListener('bufferedamountlow', () => resolve(), { once: true });
    });

  // One message for each size, counted from `from`.
  async function send({ key, sizes, text = false, from = 1 }) {
    const { channel } = channels.get(key);
    for (const [at, size] of sizes.entries()) {
      channel.send(text ? textOf(from + at, size) : bytesOf(from + at, size));
      await drained(channel, kMostBuffered);
    }
    await drained(channel, 0);
  }

  async function sendAll(all) {
    await Promise.all(all.map((one) => send(one)));
  }

  // As much as goes through in `ms`, with no more than a window that `back` has not acknowledged.
  async function pour({ key, back, size, window, ms }) {
    const { channel } = channels.get(key);
    const answers = channels.get(back);
    const message = bytesOf(1, size);
    const end = performance.now() + ms;
    let sent = 0;
    while (performance.now() < end) {
      while (sent - Number(answers.last || 0) + size <= window) {
        channel.send(message);
        sent += size;
      }
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, 50);
        const next = () => {
          clearTimeout(timer);
          resolve();
        };
        answers.channel.addEventListener('message', next, { once: true });
      });
    }
    return sent;
  }

  function heard(key) {
    const {
      heard: messages,
      count,
      bytes,
    } = channels.get(key) ?? { heard: [], count: 0, bytes: 0 };
    return { messages, count, bytes };
  }

  // How many messages came on all of these.
  function countAll(keys) {
    return keys.map((key) => channels.get(key)?.count ?? 0);
  }

  function echo({ key, to }) {
    channels.get(key).echo = to;
  }

  const stateOf = (key) => channels.get(key)?.channel.readyState ?? null;
  const idOf = (key) => channels.get(key)?.channel.id ?? null;

  // Resolves when both directions are closed.
  async function close(key) {
    const { channel } = channels.get(key);
    if (channel.readyState !== 'closed') {
      const closed = new Promise((resolve) => channel.addEventListener('close', () => resolve()));
      channel.close();
      await closed;
    }
    channels.delete(key);
  }

  async function closeAll(keys) {
    await Promise.all(keys.map((key) => close(key)));
  }

  globalThis.data = {
    ...{
      connect,
      answer,
      open,
      openAll,
      send,
      sendAll,
      pour,
      heard,
      countAll,
      echo,
      stateOf,
      idOf,
    },
    ...{ close, closeAll },
  };
}
