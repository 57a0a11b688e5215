'use strict';

/**
 * A plugin of ROOST Coop: two signals that ask a server of Mythmatch about a text.
 *
 * CommonJS, as Coop loads plugins by `require`. card.json is written by `python -m scripts.write_coop_card`.
 */

const card = require('./card.json');
const described = require('./manifest.json');

const TIMEOUT_MS = 5000;
const COST = 20; // what Coop gives to signals that ask another server

const manifest = Object.freeze({ ...described, modelCard: card.modelCard });

/** Returns the server's address without a slash at its end; throws for what is no address of a web server. */
function addressOf(config) {
  const met = typeof config?.url === 'string' ? config.url.trim() : '';
  let url;
  try {
    url = new URL(met);
  } catch {
    throw new Error('Mythmatch: the address of the server is missing or is none; set it in the integration');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new Error(`Mythmatch: the address begins with ${url.protocol}; expected http: or https:`);
  }
  return (url.origin + url.pathname).replace(/\/+$/, '');
}

/** Returns the text of a signal's input: Coop gives a tagged scalar, `{ type, value }`. */
function textOf(input) {
  const given = input?.value;
  const text = typeof given === 'string' ? given : given?.value;
  if (typeof text !== 'string') {
    throw new Error('Mythmatch: the value is no text; use the signal on a field of text');
  }
  return text.toWellFormed?.() ?? text; // half of a surrogate pair would be refused, and the text with it
}

/** Returns the v1 answer to a text, or null for a blank one; throws without the text where there is no answer. */
async function ask(config, text) {
  if (text.trim() === '') return null;
  const key = typeof config.apiKey === 'string' ? config.apiKey.trim() : '';
  const response = await fetch(`${addressOf(config)}/v1/match`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(key && { Authorization: `Bearer ${key}` }) },
    body: JSON.stringify({ text, limit: 1 }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
    redirect: 'error', // a key goes to the address that was set, and to no other
  });
  if (response.ok) return response.json();
  const error = await response.json().then((body) => body?.error?.type, () => undefined);
  if (error === 'InvalidText') return null;
  throw new Error(`Mythmatch: ${error ?? 'no reason was given'} (${response.status})`);
}

/** Returns a descriptor; `scoreOf` makes the score of an answer, which is null for a blank text. */
function descriptor(context, told, scoreOf) {
  const { integrationId, getCredential } = context;
  const { type, outputType, ...shown } = told;
  return {
    id: { type },
    ...shown,
    docsUrl: manifest.docsUrl,
    supportedLanguages: 'ALL',
    pricingStructure: { type: 'FREE' },
    eligibleInputs: ['STRING'],
    outputType,
    getCost: () => COST,
    needsMatchingValues: false,
    eligibleSubcategories: [],
    needsActionPenalties: false,
    integration: integrationId,
    allowedInAutomatedRules: false, // a match is a reason to look: see the model card

    async run(input) {
      const config = (await getCredential(input?.orgId)) ?? {};
      const answer = await ask(config, textOf(input));
      const id = answer?.matches?.find((match) => match.decision !== 'no_match')?.debunk.id;
      return { outputType, score: scoreOf(answer), ...(id && { matchedValue: id }) };
    },

    async getDisabledInfo(orgId) {
      try {
        addressOf(await getCredential(orgId));
        return { disabled: false };
      } catch (error) {
        return { disabled: true, disabledMessage: error instanceof Error ? error.message : 'Mythmatch is not set up' };
      }
    },
  };
}

/** Returns both signals: how probable it is that a text is about a myth, and whether it is a match that repeats it. */
function createSignals(context) {
  const [probability, repeats] = manifest.signalTypeIds;
  return [
    {
      signalTypeId: probability,
      signal: descriptor(
        context,
        {
          type: probability,
          displayName: 'Mythmatch: about a known myth',
          description:
            'How probable it is that the text is about a known myth, from 0 to 1. Denials and reports of a myth are about it.',
          recommendedThresholds: card.thresholds,
          outputType: { scalarType: 'NUMBER' },
        },
        (answer) => answer?.matches?.[0]?.probability ?? 0,
      ),
    },
    {
      signalTypeId: repeats,
      signal: descriptor(
        context,
        {
          type: repeats,
          displayName: 'Mythmatch: a match',
          description:
            "Whether the server's own decision is a match: the text is surely about a known myth, and is not found to deny or report it only.",
          recommendedThresholds: null,
          outputType: { scalarType: 'BOOLEAN' },
        },
        (answer) => answer?.decision === 'match',
      ),
    },
  ];
}

module.exports = { manifest, createSignals };
module.exports.default = module.exports;
