export const emitters = [] as const;
