'use strict';
const { randomBytes } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const { aptInstall, inCache, mavenInstall, obtain } = require('./install');
const { run } = require('./processes');

const VERSION = '4.4.0';
const FOLDER = `kafka-${VERSION}`;
const JARS = [`org.apache.kafka:kafka_2.13:${VERSION}`, 'org.slf4j:slf4j-simple:1.7.36'];
/** The oldest on which Kafka 4 runs. */
const JAVA = 17;
const JVMS = '/usr/lib/jvm';
const FORMAT_LIMIT_MS = 60_000;
const HEAP = '512m';

const ways = [
  {
    tried: `apt-get install openjdk-${JAVA}-jre-headless maven, where absent; mvn dependency:copy-dependencies of ${JARS[0]}`,
    find: () => {
      const [java, jars] = [findJava(), inCache(FOLDER, 'jars')];
      return java && jars && { java, jars };
    },
    install,
  },
];

function install() {
  const missing = [
    ...(findJava() ? [] : [`openjdk-${JAVA}-jre-headless`]),
    ...(onPath('mvn') ? [] : ['maven']),
  ];
  const failure = missing.length > 0 ? aptInstall(missing) : undefined;
  if (failure !== undefined) return `apt-get install ${missing.join(' ')}: ${failure}`;
  return inCache(FOLDER, 'jars') ? undefined : mavenInstall(JARS, FOLDER);
}

/** A `java` that is new enough: of JAVA_HOME, on the path, or where Debian installs one beside an older one. */
function findJava() {
  const home = process.env.JAVA_HOME;
  const installed = fs.existsSync(JVMS) ? fs.readdirSync(JVMS).sort().reverse() : [];
  const candidates = [
    home && path.join(home, 'bin', 'java'),
    onPath('java'),
    ...installed.map((name) => path.join(JVMS, name, 'bin', 'java')),
  ];
  return candidates.find((file) => file && majorVersionOf(file) >= JAVA);
}

/** As the file `release` beside its programs says; 0 where nothing does. */
function majorVersionOf(java) {
  try {
    const home = path.dirname(path.dirname(fs.realpathSync(java)));
    const release = fs.readFileSync(path.join(home, 'release'), 'utf8');
    return Number(/^JAVA_VERSION="(\d+)/m.exec(release)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function onPath(name) {
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter(path.isAbsolute);
  return folders.map((folder) => path.join(folder, name)).find((file) => fs.existsSync(file));
}

/** One process that is broker and controller. */
function configuration({ folder, ports: [broker, controller], settings }) {
  return {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://127.0.0.1:${broker},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${broker}`,
    'listener.security.protocol.map':
      'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': path.join(folder, 'log'),
    'default.replication.factor': 1,
    'min.insync.replicas': 1,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 4,
    // A topic that a test misspells must not come into being by that.
    'auto.create.topics.enable': false,
    'group.initial.rebalance.delay.ms': 0,
    // Members of a killed process are missed soon.
    'group.min.session.timeout.ms': 1000,
    // A broker that was killed registers again when its old session has run out.
    'broker.heartbeat.interval.ms': 500,
    'broker.session.timeout.ms': 4000,
    ...settings,
  };
}

function javaArguments({ jars }) {
  return [
    '-Xms64m',
    `-Xmx${HEAP}`,
    '-XX:+UseSerialGC',
    '-Djava.awt.headless=true',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    '-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info',
    '-Dorg.slf4j.simpleLogger.showDateTime=true',
    '-cp',
    path.join(jars, '*'),
  ];
}

function command(place) {
  const { folder, programs } = place;
  const file = path.join(folder, 'server.properties');
  const lines = Object.entries(configuration(place)).map(([name, value]) => `${name}=${value}\n`);
  fs.writeFileSync(file, lines.join(''), { mode: 0o600 });
  format(place, file);
  return { command: programs.java, args: [...javaArguments(programs), 'kafka.Kafka', file] };
}

/** Prepares the folder of the log, once. */
function format({ folder, programs }, file) {
  if (fs.existsSync(path.join(folder, 'log', 'meta.properties'))) return;
  const id = randomBytes(16).toString('base64url');
  // In one word with its option: one in 64 ids begins with a dash.
  const tool = [
    ...javaArguments(programs),
    ...['kafka.tools.StorageTool', 'format', `--cluster-id=${id}`, '-c', file],
  ];
  const failure = run(programs.java, tool, { limitMs: FORMAT_LIMIT_MS });
  if (failure !== undefined) throw new Error(`the log of kafka could not be prepared: ${failure}`);
}

/** The broker says this when it takes part in its cluster; its port is open before. */
function isReady({ folder }) {
  return fs.readFileSync(path.join(folder, 'service.log'), 'latin1').includes('Kafka Server started');
}

module.exports = {
  variable: 'SELVAGE_TEST_KAFKA',
  ports: 2,
  startLimitMs: 120_000,
  stopSignal: 'SIGTERM',
  stopLimitMs: 20_000,
  takesSettings: true,
  obtain: (say) =>
    obtain(
      'Kafka',
      ways,
      say,
      `Install Java ${JAVA} and Maven, or set SELVAGE_TEST_KAFKA to HOST:PORT of a running broker.`,
    ),
  prepare: () => {},
  command,
  isReady,
  startsLater: () => false,
  address: ({ ports: [port] }) => `127.0.0.1:${port}`,
};
