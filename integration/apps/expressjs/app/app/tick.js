// Writes into the database every half second that this host's worker or scheduler is alive: `node tick.js worker`, `node tick.js scheduler`.
import { hostname } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';

import { pool } from './database.js';

const INTERVAL = 500;

const [service] = process.argv.slice(2);
if (!service) {
  console.error('usage: node tick.js worker|scheduler');
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => process.exit());
}

const database = pool();
for (;;) {
  try {
    await database.query('INSERT INTO ticks (service, host) VALUES ($1, $2)', [service, hostname()]);
  } catch (error) {
    console.error(`no tick: ${error.message}`);
  }
  await pause(INTERVAL);
}
