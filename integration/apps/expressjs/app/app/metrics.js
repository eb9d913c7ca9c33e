import { collectDefaultMetrics, Counter, register } from 'prom-client';

collectDefaultMetrics();

const requests = new Counter({
  name: 'http_requests_total',
  help: 'Requests by method and status.',
  labelNames: ['method', 'code'],
});

// Counts what the app answers.
export function measured(request, response, next) {
  response.once('finish', () => {
    requests.inc({ method: request.method, code: response.statusCode });
  });
  next();
}

// Answers with everything that was measured, in Prometheus' text format.
export async function metrics(request, response) {
  response.set('Content-Type', register.contentType).send(await register.metrics());
}
