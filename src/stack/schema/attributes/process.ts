import { below, type AttributeGroup, type AttributeTexts } from './attribute-text.ts';

/** A command that is run in, or beside, a container at a point of its life. */
export const hookTexts: AttributeTexts = {
  command: { effect: 'What is run: text is split into words as a shell would, without running one.' },
  user: { effect: 'The user that runs it.', default: "the service's" },
  privileged: { effect: 'Whether it runs with all capabilities and devices.', default: 'false' },
  working_dir: { effect: 'The directory that it runs in.', default: "the service's" },
  environment: { effect: "Variables beside those of the service; a key alone takes the project's value." },
};

/** The main process, and what happens before, beside and after it. */
export const process: AttributeGroup = {
  title: 'Services: process and life',
  texts: below('services.*', {
    command: {
      effect:
        'The command, or the arguments of the entrypoint. Text is split into words as a shell would, without running one.',
      default: "the image's",
    },
    entrypoint: {
      effect: "The program that runs the command. Any value also drops the image's command.",
      default: "the image's",
    },
    working_dir: {
      effect: 'The directory that the process starts in; made when it is missing.',
      default: "the image's, else /",
    },
    user: {
      effect: 'The user and group of the process: names of the image, or ids.',
      default: "the image's, else root",
    },
    group_add: { effect: 'More groups of the process: names of the image, or ids.' },
    init: { effect: 'Runs a small init as process 1, which forwards signals and reaps orphans.', default: 'false' },
    tty: { effect: 'Gives the process a terminal; output and errors become one stream.', default: 'false' },
    stdin_open: { effect: 'Keeps standard input open when nobody is attached.', default: 'false' },
    stop_signal: { effect: 'The signal that asks the process to end.', default: "the image's, else SIGTERM" },
    stop_grace_period: { effect: 'How long the process may take to end before it is killed.', default: '10s' },
    restart: {
      effect:
        'Whether a container that ended starts again, in place, with pauses that double from 100 ms to a minute: no, always, unless-stopped, on-failure, on-failure:N.',
      default: 'no',
    },
    healthcheck: { effect: 'How to find out whether the container works.', default: "the image's" },
    'healthcheck.test': {
      effect:
        'The probe: text for a shell, or a list that starts with CMD, CMD-SHELL or NONE. Exit status 0 is healthy.',
      default: "the image's",
    },
    'healthcheck.interval': { effect: 'The time between two probes.', default: '30s' },
    'healthcheck.timeout': { effect: 'After this time a probe is killed and has failed.', default: '30s' },
    'healthcheck.retries': { effect: 'So many failures in a row make the container unhealthy.', default: '3' },
    'healthcheck.start_period': { effect: 'Failures within this time after the start do not count.', default: '0s' },
    'healthcheck.start_interval': { effect: 'The time between probes during `start_period`.', default: '5s' },
    'healthcheck.disable': { effect: 'Switches the probe of the image off.', default: 'false' },
    depends_on: { effect: 'Services that start before this one and stop after it.' },
    'depends_on.*.condition': {
      effect: 'What to wait for: that it runs, is healthy, or has ended well.',
      default: 'service_started',
    },
    'depends_on.*.restart': {
      effect: 'Whether a restart or a new container of the other service restarts this one, too.',
      default: 'false',
    },
    'depends_on.*.required': {
      effect: 'false: a missing or failing service is only a warning.',
      default: 'true',
    },
    pre_start: { effect: 'Commands run in containers of their own before the service starts, one after the other.' },
    ...below('pre_start.*', hookTexts),
    'pre_start.*.image': { effect: 'The image of the step.', default: "the service's" },
    'pre_start.*.per_replica': { effect: 'Whether it runs once for each container.', default: 'false' },
    post_start: { effect: 'Commands run in each container once it has started.' },
    ...below('post_start.*', hookTexts),
    pre_stop: { effect: 'Commands run in each container before it is asked to end; not when it ends by itself.' },
    ...below('pre_stop.*', hookTexts),
    environment: { effect: "Variables of the process. A key without a value takes the project's, or stays unset." },
    env_file: { effect: 'Files of variables; a later file wins over an earlier one, `environment` over all.' },
    'env_file.*.path': { effect: 'The file, relative to the project.' },
    'env_file.*.required': { effect: 'Whether a missing file is an error.', default: 'true' },
    'env_file.*.format': { effect: '`raw`: no quotes and no variables, each line as it is.' },
    logging: { effect: 'Where the output goes, and how much of it is kept.' },
    'logging.driver': { effect: 'What keeps the output.', default: 'json-file' },
    'logging.options': { effect: 'Options of the driver.' },
    'logging.options.max-size': {
      effect: 'A log file of this size is rotated.',
      default: 'json-file: none; local: 20m',
    },
    'logging.options.max-file': { effect: 'How many files are kept.', default: 'json-file: 1; local: 5' },
    'logging.options.compress': {
      effect: 'Whether rotated files are compressed.',
      default: 'json-file: false; local: true',
    },
    'logging.options.mode': {
      effect:
        '`blocking` makes the process wait for the log; `non-blocking` buffers, and drops and counts what does not fit.',
      default: 'blocking',
    },
    'logging.options.max-buffer-size': { effect: 'The buffer of the mode `non-blocking`.', default: '1m' },
    'logging.options.syslog-address': {
      effect:
        'Where syslog listens: `unix://PATH` or `udp://ADDRESS[:PORT]`. `logs` reads files of its own all the same.',
      default: 'unix:///dev/log',
    },
    'logging.options.syslog-facility': { effect: 'Facility of the lines, by name or number.', default: 'daemon' },
    'logging.options.syslog-format': {
      effect: '`rfc3164`, `rfc5424` or `rfc5424micro`.',
      default: 'that of a local syslog',
    },
    'logging.options.tag': {
      effect: 'What syslog and the journal call the container; may have fields such as `{{.Name}}`.',
      default: '{{.ID}}',
    },
    'logging.options.labels': { effect: 'Labels of the container that become fields in the journal.' },
    'logging.options.labels-regex': { effect: 'Labels whose names match a regular expression become fields, too.' },
    'logging.options.env-regex': { effect: 'Variables whose names match a regular expression become fields, too.' },
    'logging.options.env': { effect: 'Variables of the container that become fields in the journal.' },
  }),
};
