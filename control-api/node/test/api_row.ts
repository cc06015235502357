// What a row of the API is, and how rows are written down.
//
// A row is a name and what is expected of it. A note makes it a row that differs, and says why; an
// event that this file's scenario does not bring about names the test that does.

/** What `typeof` may say of a property, with 'array' and 'null' as types of their own. */
export type Types = string;

export type Row =
  | { is: 'property' | 'field'; name: string; type: Types; note?: string }
  | { is: 'method'; name: string; note?: string }
  | { is: 'option'; name: string; initial?: string; wrong?: unknown; note?: string }
  | { is: 'event' | 'observer'; name: string; by?: string; note?: string };

export interface Section {
  title: string;
  /** The live object, option taker or dictionary that the rows are about. */
  of: string;
  rows: Row[];
}

export const properties = (list: string): Row[] =>
  words(list).map((word) => {
    const [name, type] = word.split(':') as [string, string];
    return { is: 'property', name, type };
  });
export const fields = (list: string): Row[] =>
  properties(list).map((row) => ({ ...row, is: 'field' }) as Row);
export const methods = (list: string): Row[] => words(list).map((name) => ({ is: 'method', name }));
export const events = (list: string): Row[] => words(list).map((name) => ({ is: 'event', name }));
export const observed = (list: string): Row[] =>
  words(list).map((name) => ({ is: 'observer', name }));
export const elsewhere = (is: 'event' | 'observer', list: string, by: string): Row[] =>
  words(list).map((name) => ({ is, name, by }));
/** `name=default`; a value of the wrong type is refused by its name. */
export const options = (list: string, wrong: unknown = []): Row[] =>
  words(list).map((word) => {
    const [name, initial] = word.split('=') as [string, string?];
    return { is: 'option', name, wrong, ...(initial === undefined ? {} : { initial }) };
  });
export const differs = (row: Row, note: string): Row => ({ ...row, note });

function words(list: string): string[] {
  return list.split(/\s+/).filter((word) => word !== '');
}
