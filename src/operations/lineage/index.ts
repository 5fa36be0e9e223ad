export const lineage = [] as const;
