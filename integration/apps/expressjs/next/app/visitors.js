// Remembers a visitor and what they came with.
export async function visit(database, request) {
  await database.query('INSERT INTO visitors (agent) VALUES ($1)', [request.get('User-Agent')]);
}

// Needs the column that this version's migration adds.
export async function version(database) {
  await database.query('SELECT count(agent) FROM visitors');
  return '2';
}
