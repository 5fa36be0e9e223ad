import { knot, runLocally, tapestry } from 'selvage';

let calls = 0;
let mostAtOnce = 0;

// Three at once, of all knots of this definition, in all runs.
const fetchPage = knot('fetch-page', { maxConcurrent: 3 }, async ({ url }: { url: string }) => {
  calls += 1;
  mostAtOnce = Math.max(mostAtOnce, calls);
  await new Promise((resolve) => setTimeout(resolve, 5));
  calls -= 1;
  return url.length;
});

// What two definitions ask of one service counts together.
const mailService = { key: 'mail-service', limit: 50 };
const invite = knot('invite', { ratePerSecond: mailService }, ({ to }: { to: string }) => `invited ${to}`);
const remind = knot('remind', { ratePerSecond: mailService }, ({ to }: { to: string }) => `reminded ${to}`);

const crawl = tapestry('crawl', () => {
  for (let n = 0; n < 10; n++) fetchPage({ url: `https://example.org/${n}` }, { id: `page-${n}` });
});

const mails = tapestry('mails', () => ({
  invited: invite({ to: 'ada' }, { id: 'invite', priority: 1 }),
  reminded: remind({ to: 'grace' }, { id: 'remind' }),
}));

test('no more than three pages are fetched at once', async () => {
  expect((await runLocally(crawl, {})).succeeded).toBe(true);
  expect(mostAtOnce).toBe(3);
});

test('two mails go out one after the other', async () => {
  const { values } = await runLocally(mails, {});
  expect(values).toEqual({ invited: 'invited ada', reminded: 'reminded grace' });
});
