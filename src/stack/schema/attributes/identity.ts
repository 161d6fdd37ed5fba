import { below, type AttributeGroup } from './attribute-text.ts';

/** What is run, and under which names. */
export const identity: AttributeGroup = {
  title: 'Services: identity and image',
  texts: {
    services: { effect: 'The services of the stack by name: what runs.' },
    ...below('services.*', {
      image: {
        effect: 'The image whose filesystem and settings the containers get: `[registry[:port]/]name[:tag][@digest]`.',
        default: 'the name of what `build` makes',
      },
      pull_policy: {
        effect:
          'When the image is pulled: always, never, if it is missing, or when the local one is older than a time (`daily`, `weekly`, `every_2d12h`); `build` builds it instead.',
        default: 'missing',
      },
      pull_refresh_after: { effect: 'How old a pulled image may become with the policy `refresh`.' },
      platform: {
        effect: 'The platform of the image: `os/arch[/variant]`.',
        default: "the host's, or `DOCKER_DEFAULT_PLATFORM`",
      },
      container_name: {
        effect: 'The name of the container, which then can exist only once.',
        default: 'STACK-SERVICE-NUMBER',
      },
      hostname: {
        effect:
          'The host name inside the container. `{{.Node.Hostname}}`, `{{.Service.Name}}`, `{{.Task.Name}}`, `{{.Task.Slot}}` and the ids of these are filled in.',
        default: 'the first 12 digits of its id',
      },
      domainname: { effect: 'The domain name inside the container (NIS), also appended in its hosts file.' },
      scale: { effect: 'How many containers the service has; 0 keeps none.', default: '1' },
      profiles: {
        effect:
          'The service is on only when one of these profiles is (`--profile`, `COMPOSE_PROFILES`), or when it is named.',
        default: 'always on',
      },
      extends: {
        effect: 'Starts from the definition of another service, over which this one is merged.',
        default: 'nothing',
      },
      'extends.service': { effect: 'The service to start from.' },
      'extends.file': { effect: 'The file that has it, relative to the project.', default: 'this file' },
      provider: { effect: 'A program of the host runs the service in place of containers.' },
      'provider.type': { effect: 'The program to call.' },
      'provider.options': { effect: 'Its options, each given as `--name=value`.' },
      isolation: { effect: 'How containers are isolated; only `default` exists on Linux.', default: 'default' },
      runtime: { effect: 'The OCI runtime that runs the containers.', default: "tsstack's own" },
      annotations: { effect: 'Annotations of the OCI bundle, for runtimes and their hooks.' },
      labels: { effect: 'Labels of the containers.' },
      label_file: { effect: 'Files of labels, `KEY=VALUE` in each line; `labels` wins, then the later file.' },
      attach: {
        effect: 'Whether `up` and `logs` show the output of the service when it is not named.',
        default: 'true',
      },
      models: { effect: 'AI models whose address and name the environment of the containers tells.' },
      'models.*.endpoint_var': { effect: 'The variable with the address of the model.', default: '`KEY_URL`' },
      'models.*.model_var': { effect: 'The variable with the name of the model.', default: '`KEY` and `KEY_MODEL`' },
    }),
  },
};
