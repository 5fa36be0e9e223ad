export const knots = [] as const;
