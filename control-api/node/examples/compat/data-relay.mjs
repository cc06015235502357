// A relay of messages, written for mediasoup's Node.js API: games and chats whose players are on two
// workers, and a back office that speaks and listens through direct transports.
//
// Between the workers everything goes over SCTP: once by pipeToRouter(), and once over plain
// transports, whose two ends are connected like those of two hosts.
import * as mediasoup from 'mediasoup';

const { enhancedOnce } = mediasoup.extras;
const say = (...words) => console.log(...words);

class Mailbox {
  messages = [];
  #wanted = [];

  constructor(dataConsumer, name) {
    this.name = name;
    this.dataConsumer = dataConsumer;
    dataConsumer.on('message', (message, ppid) => {
      // RFC 8831 §8: 51 is text, 53 is bytes; 56 and 57 stand for nothing of either.
      const text = ppid === 51 || ppid === 56;
      this.messages.push(text ? message.toString() : message);
      this.#wanted
        .filter(({ count }) => this.messages.length >= count)
        .forEach(({ resolve }) => resolve());
    });
  }

  /** Resolves when so many messages are there. */
  async count(count) {
    if (this.messages.length >= count) return;
    await new Promise((resolve) => this.#wanted.push({ count, resolve }));
  }
}

async function listen(transport, dataProducer, name, options = {}) {
  const dataConsumer = await transport.consumeData({ dataProducerId: dataProducer.id, ...options });
  return new Mailbox(dataConsumer, name);
}

/** The state "connected" of a transport that has SCTP. */
async function connected(transport) {
  while (transport.sctpState !== 'connected') {
    const [state] = await enhancedOnce(transport, 'sctpstatechange');
    if (state === 'failed' || state === 'closed') throw new Error(`SCTP is ${state}`);
  }
}

const workers = [await mediasoup.createWorker(), await mediasoup.createWorker()];
const [west, east] = await Promise.all(workers.map((worker) => worker.createRouter()));
const office = await west.createDirectTransport({
  maxSendMessageSize: 65536,
  maxReceiveMessageSize: 65536,
});
const hall = await east.createDirectTransport();

// --- Chat: text, in order, everybody hears everybody. ---
const chat = await office.produceData({
  label: 'chat',
  protocol: 'text',
  appData: { topic: 'news' },
});
say('chat:', chat.type, chat.label, chat.protocol, chat.appData.topic);
const near = await listen(office, chat, 'near');
const { pipeDataConsumer, pipeDataProducer } = await west.pipeToRouter({
  dataProducerId: chat.id,
  router: east,
});
say(
  'piped:',
  pipeDataConsumer.type,
  pipeDataProducer.type,
  pipeDataProducer.id === chat.id,
  pipeDataProducer.label,
);
const far = await listen(hall, pipeDataProducer, 'far');
for (let line = 0; line < 50; line += 1) chat.send(`line ${line}`);
chat.send(Buffer.from([1, 2, 3]));
chat.send('');
await Promise.all([near.count(52), far.count(52)]);
const inOrder = ({ messages }) =>
  messages.slice(0, 50).every((line, index) => line === `line ${index}`);
say('heard:', near.messages.length, far.messages.length, inOrder(near) && inOrder(far));
say(
  'bytes:',
  Buffer.isBuffer(far.messages[50]),
  far.messages[50].length,
  JSON.stringify(far.messages[51]),
);

// --- Rooms within one data producer: sub-channels. ---
const rooms = await office.produceData({ label: 'rooms' });
const red = await listen(office, rooms, 'red', { subchannels: [1] });
const blue = await listen(office, rooms, 'blue', { subchannels: [2, 9] });
const all = await listen(office, rooms, 'all');
await blue.dataConsumer.addSubchannel(3);
await blue.dataConsumer.removeSubchannel(9);
rooms.send('to red', undefined, [1]);
rooms.send('to blue', undefined, [3]);
rooms.send('to whoever is in 2', undefined, undefined, 2);
rooms.send('to everybody');
await Promise.all([red.count(2), blue.count(3), all.count(3)]);
say('red:', red.messages.join(', '));
say('blue:', blue.messages.join(', '), JSON.stringify(blue.dataConsumer.subchannels));
say('all:', all.messages.join(', '));

// --- Game: positions go from west to east, unreliably, over plain transports with SCTP. ---
const sctp = {
  listenInfo: { protocol: 'udp', ip: '127.0.0.1' },
  enableSctp: true,
  maxSendMessageSize: 16384,
  maxReceiveMessageSize: 16384,
  sctpSendBufferSize: 500000,
  sctpPerStreamSendQueueLimit: 100000,
};
const out = await west.createPlainTransport(sctp);
const back = await east.createPlainTransport(sctp);
const agreed = enhancedOnce(out, 'sctpnegotiatedcapabilities');
await out.connect({ ip: back.tuple.localAddress, port: back.tuple.localPort });
await back.connect({ ip: out.tuple.localAddress, port: out.tuple.localPort });
await Promise.all([connected(out), connected(back)]);
const [{ negotiatedMaxOutboundStreams }] = await agreed;
say(
  'sctp:',
  out.sctpState,
  out.sctpParameters.maxSendMessageSize,
  out.sctpParameters.isDataChannel,
  negotiatedMaxOutboundStreams > 0,
);

const positions = await office.produceData({ label: 'positions' });
const sender = await out.consumeData({
  dataProducerId: positions.id,
  ordered: false,
  maxRetransmits: 0,
});
const landed = await back.produceData({
  sctpStreamParameters: sender.sctpStreamParameters,
  label: sender.label,
});
say('stream:', sender.type, JSON.stringify(sender.sctpStreamParameters), landed.type);
const game = await listen(hall, landed, 'game');
for (let move = 0; move < 20; move += 1) positions.send(JSON.stringify({ x: move, y: -move }));
await game.count(20);
say(
  'game:',
  game.messages
    .map((text) => JSON.parse(text).x)
    .sort((a, b) => a - b)
    .at(-1),
);

// One client can be spoken to alone, and asked how much is under way.
await sender.setBufferedAmountLowThreshold(1000);
const low = enhancedOnce(sender, 'bufferedamountlow');
const amount = await sender.send(Buffer.alloc(16384, 1));
await Promise.all([low, game.count(21)]);
say('alone:', amount > 0, game.messages[20].length, (await sender.getBufferedAmount()) <= 1000);

// Pauses are told at both ends of a pipe, and drop what is said meanwhile.
const told = enhancedOnce(far.dataConsumer, 'dataproducerpause');
await chat.pause();
await told;
chat.send('nobody hears this');
const again = enhancedOnce(far.dataConsumer, 'dataproducerresume');
await chat.resume();
await again;
chat.send('but this');
await far.count(53);
say('resumed:', far.messages.at(-1), far.messages.length);

const [said] = await chat.getStats();
const [heard] = await near.dataConsumer.getStats();
say('stats:', said.type, said.messagesReceived, heard.type, heard.messagesSent);
const { id, mapDataProducerIdDataConsumerIds } = await west.dump();
const [{ values }] = mapDataProducerIdDataConsumerIds.filter(({ key }) => key === chat.id);
say('dump:', id === west.id, values.length);

// Who closes the source closes every ear, here and there.
const gone = enhancedOnce(far.dataConsumer, 'dataproducerclose');
chat.close();
await gone;
say('closed:', near.dataConsumer.closed, far.dataConsumer.closed, pipeDataConsumer.closed);
for (const worker of workers) worker.close();
