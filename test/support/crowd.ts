/** Counts bodies that run at once, and the most so far. */
export class Crowd {
  most = 0;
  private now = 0;

  /** Joins for this many milliseconds. */
  async join(ms = 2): Promise<void> {
    this.most = Math.max(this.most, ++this.now);
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.now -= 1;
  }
}
