// What the objects of the fake engine have in common, and those of them that carry data.

import { EventEmitter } from 'node:events';

import type { EngineDataConsumer, EngineDataProducer } from '../server/engine';

let lastId = 0;
export const freshNumber = () => ++lastId;
export const freshId = (kind: string) => `${kind}-${freshNumber()}`;

// As all objects of the engine: others than their owner watch them by an observer of their own.
export class Watched extends EventEmitter {
  readonly observer = new EventEmitter().setMaxListeners(0);
}

export class FakeDataProducer extends Watched implements EngineDataProducer {
  readonly consumers = new Set<FakeDataConsumer>();
  closed = false;

  constructor(
    private readonly router: { dataProducers: Map<string, FakeDataProducer> },
    readonly id = freshId('data-producer'),
  ) {
    super();
    router.dataProducers.set(this.id, this);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.router.dataProducers.delete(this.id);
    for (const consumer of this.consumers) {
      consumer.closed = true;
      consumer.emit('dataproducerclose');
      consumer.observer.emit('close');
    }
    this.consumers.clear();
    this.observer.emit('close');
  }
}

export class FakeDataConsumer extends Watched implements EngineDataConsumer {
  readonly id = freshId('data-consumer');
  closed = false;
  paused: boolean;
  readonly streamId: number;
  readonly dataProducerId: string;

  constructor(
    private readonly producer: FakeDataProducer,
    options: { streamId: number; paused: boolean },
  ) {
    super();
    this.dataProducerId = producer.id;
    this.streamId = options.streamId;
    this.paused = options.paused;
    producer.consumers.add(this);
  }

  async resume(): Promise<void> {
    this.paused = false;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.producer.consumers.delete(this);
    this.observer.emit('close');
  }
}
