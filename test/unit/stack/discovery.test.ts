import assert from 'node:assert/strict';
import { normaliseName } from '../../../src/stack/project-name.ts';
import { load, problemsOf } from './memory-files.ts';

const APP = 'services: {app: {image: "i:${TAG:-none}"}}';

describe('finding files, variables and the name', () => {
  it('prefers stack.yml over the names of compose, and says so', () => {
    const loaded = load({ 'compose.yaml': APP, 'stack.yml': APP, 'stack.override.yml': 'services: {app: {user: x}}' });
    assert.deepEqual(loaded.files, ['/project/stack.yml', '/project/stack.override.yml']);
    assert.match(loaded.warnings[0]?.message ?? '', /using stack\.yml/);
  });

  it('looks upwards, and resolves paths from where the file is', () => {
    const loaded = load({ 'compose.yml': APP, 'a/b/c': '', '.env': 'TAG=up' }, { cwd: '/project/a/b' });
    assert.equal(loaded.workingDir, '/project');
    assert.equal(loaded.project.services['app']?.image, 'i:up');
  });

  it('does not add an override to files that are named', () => {
    const files = { 'compose.yaml': APP, 'compose.override.yaml': 'services: {app: {user: x}}' };
    assert.equal(load(files, { files: ['compose.yaml'] }).project.services['app']?.user, undefined);
  });

  it('takes files, separator and profiles from .env', () => {
    const loaded = load({
      '.env': 'COMPOSE_FILE=a.yaml;b.yaml\nCOMPOSE_PATH_SEPARATOR=;\nCOMPOSE_PROFILES=p',
      'a.yaml': APP,
      'b.yaml': 'services: {opt: {image: o, profiles: [p]}}',
    });
    assert.deepEqual(Object.keys(loaded.project.services), ['app', 'opt']);
  });

  it('lets the shell win over env files, the later env file over the earlier, and both over .env', () => {
    const files = {
      'compose.yaml': 'services: {app: {image: "$A$B$C${D-}"}}',
      '.env': 'D=no',
      'a.env': 'A=1\nB=1\nC=1',
      'b.env': 'B=2\nC=2',
    };
    const loaded = load(files, { envFiles: ['a.env', 'b.env'], env: { C: '3' } });
    assert.equal(loaded.project.services['app']?.image, '123');
    assert.deepEqual(loaded.envFiles, ['/project/a.env', '/project/b.env']);
  });

  it('reports what is not there without a place', () => {
    assert.match(problemsOf({ x: '' })[0]?.message ?? '', /no stack file in \/project/);
    assert.match(problemsOf(APP, { files: ['no.yml'] })[0]?.message ?? '', /no such file: \/project\/no\.yml/);
    assert.match(problemsOf(APP, { envFiles: ['no.env'] })[0]?.message ?? '', /env file \/project\/no\.env not found/);
    assert.match(problemsOf({ 'compose.yaml': '# nothing\n' })[0]?.message ?? '', /is empty/);
  });

  it('names the project by flag, variable, file or folder', () => {
    const named = `name: In File!\n${APP}`;
    assert.equal(load(named, { projectName: 'flag' }).name, 'flag');
    assert.equal(load(named, { env: { COMPOSE_PROJECT_NAME: 'variable' } }).name, 'variable');
    assert.equal(load(named).name, 'infile');
    assert.equal(load(APP).name, 'project');
    assert.match(problemsOf(APP, { projectName: 'No' })[0]?.message ?? '', /invalid project name "No"/);
    assert.equal(normaliseName('__My.App-2_x'), 'myapp-2_x');
  });

  it('shows the name as a variable', () => {
    const text = 'services: {app: {image: "$COMPOSE_PROJECT_NAME", environment: [COMPOSE_PROJECT_NAME]}}';
    const service = load(text, { projectName: 'shop' }).project.services['app'];
    assert.equal(service?.image, 'shop');
    assert.deepEqual(service?.environment, { COMPOSE_PROJECT_NAME: 'shop' });
  });

  it('reads standard input', () => {
    const loaded = load({ 'b.yaml': 'services: {app: {user: x}}' }, { files: ['-', 'b.yaml'], stdin: APP });
    assert.equal(loaded.project.services['app']?.user, 'x');
    assert.equal(loaded.workingDir, '/project');
  });
});

describe('profiles and selection', () => {
  const text = `
services:
  web: {image: w, depends_on: [db], networks: [n], volumes: ["v:/v"]}
  db: {image: d}
  tool: {image: t, profiles: [tools], env_file: missing.env}
  other: {image: o, profiles: [tools, more]}
networks: {n: , unused: }
volumes: {v: , unused: }
`;
  const names = (options: Parameters<typeof load>[1]): string[] => Object.keys(load(text, options).project.services);

  it('turns services on by profile', () => {
    assert.deepEqual(names({}), ['web', 'db']);
    assert.deepEqual(names({ profiles: ['more'] }), ['web', 'db', 'other']);
    assert.deepEqual(names({ profiles: ['*'], noEnvResolution: true }), ['web', 'db', 'tool', 'other']);
    assert.deepEqual(load(text).disabledServices, ['tool', 'other']);
    assert.deepEqual(load(text).profiles, ['more', 'tools']);
  });

  it('keeps named services, what they depend on and what they use', () => {
    assert.deepEqual(names({ services: ['web'] }), ['web', 'db']);
    assert.deepEqual(names({ services: ['other'] }), ['other']);
    const { project } = load(text, { services: ['db'] });
    assert.deepEqual(
      [project.networks, project.volumes],
      [{ default: { name: 'project_default', ipam: {} } }, undefined],
    );
  });

  it('says which service it does not know', () => {
    const [problem] = problemsOf(text, { services: ['wbe'] });
    assert.equal(problem?.message, 'no such service: wbe');
    assert.equal(problem?.hint, 'did you mean "web"?');
  });

  it('reads env files of the services that remain only', () => {
    assert.match(
      problemsOf(text, { profiles: ['tools'] })[0]?.message ?? '',
      /env file \/project\/missing\.env not found/,
    );
  });
});
