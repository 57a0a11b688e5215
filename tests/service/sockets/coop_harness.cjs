'use strict';

/**
 * Loads the plugin as Coop's server does and prints what it is, or what its signals say.
 *
 *   node coop_harness.cjs SPEC                     {manifest, signals}, functions as {"function": parameters}
 *   node coop_harness.cjs SPEC run  < requests     one outcome a line, for {signal, config, input} or {disabled, config}
 */

const { createRequire } = require('node:module');
const path = require('node:path');
const readline = require('node:readline');

const [spec, verb] = process.argv.slice(2);
const loaded = createRequire(path.join(process.cwd(), 'package.json'))(spec);
const plugin = loaded.default ?? loaded;
const INTEGRATION = plugin.manifest.id;

function signals(config) {
  return plugin.createSignals({ integrationId: INTEGRATION, getCredential: async () => config });
}

function shown(_, value) {
  return typeof value === 'function' ? { function: value.length } : value;
}

async function outcome({ signal, config, input, disabled }) {
  const named = signals(config).find((each) => each.signalTypeId === (signal ?? disabled)).signal;
  try {
    return disabled ? await named.getDisabledInfo('org') : await named.run(input);
  } catch (error) {
    return { threw: `${error.name}: ${error.message}` };
  }
}

async function main() {
  if (verb !== 'run') {
    console.log(JSON.stringify({ manifest: plugin.manifest, signals: signals({}) }, shown));
    return;
  }
  for await (const line of readline.createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await outcome(JSON.parse(line))));
  }
}

main();
