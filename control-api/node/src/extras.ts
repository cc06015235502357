// What applications may build their own classes with.
export { EnhancedEventEmitter } from './event_emitter.js';
