/** The states of knots and runs as shown: each has a colour, a shape and a word. */
export type Tone = 'ok' | 'reused' | 'err' | 'skipped' | 'running' | 'waiting' | 'cancelled' | 'none';

export const SHAPES: Readonly<Record<Tone, string>> = {
  ok: 'M6 .5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11Zm2.3 3.2L5.2 7.2 3.7 5.8l-.9 1 2.5 2.3 4-4.5Z',
  reused:
    'M6 .5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11Zm0 1.5a4 4 0 1 0 0 8 4 4 0 0 0 0-8Zm0 2.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6Z',
  err: 'M3.7.5h4.6l3.2 3.2v4.6l-3.2 3.2H3.7L.5 8.3V3.7Zm.6 2.7-1.1 1.1L4.9 6 3.2 7.7l1.1 1.1L6 7.1l1.7 1.7 1.1-1.1L7.1 6l1.7-1.7-1.1-1.1L6 4.9Z',
  skipped: 'M2 5.1h8v1.8H2Z',
  running: 'M6 .5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11ZM6 2v8a4 4 0 0 0 0-8Z',
  waiting: 'M6 .5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11ZM4 3.5v5h1.3v-5Zm2.7 0v5H8v-5Z',
  cancelled: 'M6 .5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11Zm-3 4.6v1.8h6V5.1Z',
  none: 'M6 1.2a4.8 4.8 0 1 1 0 9.6 4.8 4.8 0 0 1 0-9.6Zm0 1.2a3.6 3.6 0 1 0 0 7.2 3.6 3.6 0 0 0 0-7.2Z',
};
