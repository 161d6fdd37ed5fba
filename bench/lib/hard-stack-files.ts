/** A file of `count` services with an anchor, extends and variables in each. */
export function bigStack(count: number): string {
  const services = Array.from({ length: count }, (_, index) =>
    [
      `  s${index}:`,
      `    extends: base`,
      `    <<: *common`,
      `    hostname: "host-${index}-\${TAG:-latest}"`,
      `    environment: { <<: *environment, NAME: "s${index}", URL: "http://s${(index * 7) % count}:\${PORT:-80}/" }`,
      `    ports: ["\${OFFSET:-${10_000 + index}}:80"]`,
      `    depends_on: [base]`,
      `    volumes: ["data:/data", "./src/${index}:/src:ro"]`,
      `    mem_limit: 64m`,
    ].join('\n'),
  );
  return `name: big
x-environment: &environment { LEVEL: info, REGION: "\${REGION:-here}" }
x-common: &common
  restart: unless-stopped
  stop_grace_period: 5s
  logging: { options: { max-size: 10m } }
services:
  base:
    image: "registry.test/app:\${TAG:-latest}"
    init: true
    labels: { tier: app }
    healthcheck: { test: [CMD, "true"], interval: 10s }
${services.join('\n')}
volumes: { data: }
`;
}

/** Ten services as people write them. */
export function typicalStack(): string {
  return bigStack(9);
}

/** Texts that are no stack files, by what is nasty about them. */
export function hardStackFiles(): Readonly<Record<string, string>> {
  const levels = Array.from({ length: 12 }, (_, level) =>
    level === 0 ? 'l0: &l0 [x, x, x, x, x, x, x, x, x]' : `l${level}: &l${level} [${`*l${level - 1}, `.repeat(9)}]`,
  );
  const megabytes = 10 * 1024 * 1024;
  return {
    'a bomb of aliases': `${levels.join('\n')}\nservices: { a: { image: i, labels: *l11 } }\n`,
    'a bomb of merge keys': `${Array.from({ length: 5000 }, (_, index) => `m${index}: &m${index} { ${index > 0 ? `<<: *m${index - 1}, ` : ''}k${index}: 1 }`).join('\n')}\n`,
    '10 MB of brackets': '['.repeat(megabytes),
    '10 MB of noise': Array.from({ length: megabytes / 16 }, (_, index) => `{]&*!|>%@\`#: ${index % 10}\n `).join(''),
    '10 MB of one word': 'x'.repeat(megabytes),
    '4 MB of keys': Array.from({ length: 260_000 }, (_, index) => `key${index}: v`)
      .join('\n')
      .slice(0, 4_000_000),
    '4 MB of dollars': `services: { a: { image: "${'${A:-'.repeat(600_000)}" } }`,
  };
}
