import { createServer } from 'node:http';
import { hostname } from 'node:os';
import { ask } from './client.mjs';

createServer(async (request, response) => {
  try {
    const count = await ask(request.url === '/' ? 'ADD 1' : 'GET');
    response.end(`${process.env.GREETING}: visit ${count}, served by ${hostname()} to ${request.socket.remoteAddress}\n`);
    console.log(request.method, request.url, count);
  } catch (error) {
    response.writeHead(503).end(`${error.message}\n`);
  }
}).listen(80, () => console.log('web: listening on 80'));

process.on('SIGTERM', () => process.exit(0));
