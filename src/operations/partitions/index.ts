export const partitions = [] as const;
