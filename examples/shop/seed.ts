import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';

/* What the example reads: orders of thirty days as CSV, and the customers in Postgres. Run again, it makes the same. */

const DAYS = 30;
const ORDERS_PER_DAY = 200;
const COUNTRIES = ['DE', 'FR', 'IT', 'PL', 'SE'];
const ARTICLES = [
  { name: 'loom', cents: 89_900 },
  { name: 'shuttle', cents: 2_450 },
  { name: 'wool', cents: 1_290 },
  { name: 'linen', cents: 1_975 },
];
const CUSTOMERS = Array.from({ length: 50 }, (_, index) => ({
  id: index + 1,
  email: `customer${index + 1}@example.org`,
  country: COUNTRIES[index % COUNTRIES.length]!,
}));

async function writeOrders(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const random = seeded(17);
  let id = 0;
  for (let day = 1; day <= DAYS; day += 1) {
    const date = `2026-11-${String(day).padStart(2, '0')}`;
    const lines = ['id,customer,article,pieces,price,note'];
    for (let order = 0; order < ORDERS_PER_DAY; order += 1) {
      const { name, cents } = ARTICLES[Math.floor(random() * ARTICLES.length)]!;
      const customer = 1 + Math.floor(random() * CUSTOMERS.length);
      const pieces = 1 + Math.floor(random() * 5);
      const note = order % 10 === 0 ? 'a gift' : '';
      lines.push(`${++id},${customer},${name},${pieces},${(cents / 100).toFixed(2)},${note}`);
    }
    await writeFile(path.join(folder, `${date}.csv`), `${lines.join('\n')}\n`);
  }
}

async function writeCustomers(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(
      'create table if not exists customers (id bigint primary key, email text, country text not null)',
    );
    for (const { id, email, country } of CUSTOMERS) {
      await client.query(
        'insert into customers values ($1, $2, $3) on conflict (id) do update set email = $2, country = $3',
        [id, email, country],
      );
    }
  } finally {
    await client.end();
  }
}

/** Numbers from 0 to 1 (Park and Miller), the same each time. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

async function main(): Promise<void> {
  const { SHOP_ORDERS = 'orders', SHOP_DATABASE } = process.env;
  if (SHOP_DATABASE === undefined) throw new Error('Set SHOP_DATABASE to the URL of a Postgres database.');
  await writeOrders(SHOP_ORDERS);
  await writeCustomers(SHOP_DATABASE);
  console.log(`${DAYS} days of orders are in ${SHOP_ORDERS}, and ${CUSTOMERS.length} customers in Postgres.`);
}

void main();
