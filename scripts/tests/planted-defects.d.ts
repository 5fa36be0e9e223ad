interface Defect {
  readonly file: string;
  readonly before: string;
  readonly after: string;
  readonly what: string;
  readonly foundBy: string;
}
export const DEFECTS: readonly Defect[];
