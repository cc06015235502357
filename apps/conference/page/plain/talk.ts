// The chat: our own channel, and one of each other person, which the server opens.

import type { DataConsumerDescription } from '../../protocol/messages';
import type { Signalling } from '../signalling';
import { encodeWord, readChatWord, tidyText } from '../words';

// More than this is not waited for: a channel that nobody has told us of is none of ours.
const kMostUnknown = 64;

export class Talk {
  // By stream: channels that nobody has told us of yet, and people whose channel is not there yet.
  private readonly channels = new Map<number, RTCDataChannel>();
  private readonly expected = new Map<number, DataConsumerDescription>();

  constructor(
    private readonly own: RTCDataChannel,
    private readonly signalling: Signalling,
    private readonly heard: (peerId: string, text: string) => void,
  ) {}

  get open(): boolean {
    return this.own.readyState === 'open';
  }

  // What was said as it reads, or null if it was not.
  say(typed: string): string | null {
    const text = tidyText(typed);
    if (text === '' || !this.open) return null;
    this.own.send(encodeWord({ type: 'say', text }));
    return text;
  }

  opened(channel: RTCDataChannel): void {
    if (channel.id === null || this.channels.size >= kMostUnknown) return channel.close();
    this.channels.set(channel.id, channel);
    channel.onclose = () => this.channels.delete(channel.id ?? -1);
    this.match(channel.id);
  }

  expect(description: DataConsumerDescription): void {
    this.expected.set(description.streamId, description);
    this.match(description.streamId);
  }

  // Messages come once both are known.
  private match(streamId: number): void {
    const channel = this.channels.get(streamId);
    const description = this.expected.get(streamId);
    if (!channel || !description) return;
    this.expected.delete(streamId);
    channel.onmessage = ({ data }) => {
      const word = readChatWord(data);
      if (word?.type === 'say') this.heard(description.peerId, word.text);
    };
    const dataConsumerIds = [description.id];
    this.signalling.request('resumeDataConsumers', { dataConsumerIds }).catch(() => {});
  }
}
