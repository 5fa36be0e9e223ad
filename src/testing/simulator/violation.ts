export type ViolationKind =
  | 'never ends'
  | 'left behind'
  | 'wrong command'
  | 'wrong outcome'
  | 'wrong value'
  | 'two records'
  | 'no record'
  | 'value missing'
  | 'wrong times'
  | 'ran again'
  | 'extension refused'
  | 'not deterministic'
  | 'not repeatable';

export class Violation extends Error {
  constructor(
    readonly kind: ViolationKind,
    message: string,
    readonly knot?: string,
  ) {
    super(message);
  }
}
