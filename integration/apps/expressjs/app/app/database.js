// Opens the app's PostgreSQL database.
import pg from 'pg';

const VARIABLE = 'POSTGRESQL_DB_CONNECT_STRING';

// Options of a connection; ends the program when there is no database to connect to.
export function options() {
  const connectionString = process.env[VARIABLE];
  if (!connectionString) {
    console.error(`${VARIABLE} is not set: the app needs a PostgreSQL database`);
    process.exit(1);
  }
  return { connectionString, connectionTimeoutMillis: 5000 };
}

// Gives connections as they are needed, and new ones after a failure; the database need not be there yet.
export function pool() {
  const pool = new pg.Pool(options());
  pool.on('error', (error) => console.error(`lost a connection: ${error.message}`));
  return pool;
}
