// What applications may build their own classes with, and wait with.
export { enhancedOnce, EnhancedEventEmitter } from './event_emitter.js';
