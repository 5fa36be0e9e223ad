/** Bodies that run at once: how many do now, and did at most. */
export class Crowd {
  most = 0;
  private now = 0;

  /** Is among them for so many milliseconds. */
  async join(ms = 2): Promise<void> {
    this.most = Math.max(this.most, ++this.now);
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.now -= 1;
  }
}
