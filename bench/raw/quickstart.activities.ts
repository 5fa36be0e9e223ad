export async function double({ x }: { x: number }): Promise<number> {
  return await Promise.resolve(x * 2);
}

export async function add({ a, b }: { a: number; b: number }): Promise<number> {
  return await Promise.resolve(a + b);
}
