export interface Group {
  readonly name: string;
  readonly files: readonly string[];
  readonly again?: readonly string[];
}
export const GROUPS: readonly Group[];
export function groupOf(file: string): Group;
export function filesOf(group: Group): readonly string[];
export const QUICK_ON_SERVER: readonly string[];
