export const version = '0.1.0';

// The schema that this SDK was built from. A worker of another number speaks another language.
export const schemaVersion = 1;
