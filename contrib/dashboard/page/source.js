// Loads one consistent world after the other.
//
// The summary is asked for conditionally. Where it is a new one, those documents are loaded whose digest
// isn't that of the copy at hand, and each has to be what the summary says; where one isn't, the observer
// is just publishing, and everything is read again. Nothing of a set that doesn't fit together is kept.

import { readWorld, WorldError } from "./world.js";
import { sha256 } from "./sha256.js";
import { SECOND } from "./time.js";

const SUMMARY = "runtime-summary.json";
const DOCUMENTS = ["nodes.json", "services.json", "incidents.json", "deployments.json"];
const HISTORY = "history.json";

const PATIENCE = 10 * SECOND; // for one request, to its last byte
const ATTEMPTS = 5;
const PAUSE = 300;

class TornError extends WorldError {}
class MissingError extends WorldError {}

const pause = (duration) => new Promise((resolve) => { setTimeout(resolve, duration); });

const decoder = new TextDecoder("utf-8", { fatal: true });

function parse(name, bytes) {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    throw new TornError(`${name} isn't JSON`);
  }
}

/** What to ask with next time. A file changed in the very second of the answer may change again without
 * its ETag (time and size) showing it; such an answer can't be asked about. */
function validatorsOf(headers) {
  const changed = Date.parse(headers.get("Last-Modified"));
  const answered = Date.parse(headers.get("Date"));
  if (!(answered - changed >= 2 * SECOND)) {
    return {};
  }
  const tag = headers.get("ETag");
  return tag ? { "If-None-Match": tag } : { "If-Modified-Since": headers.get("Last-Modified") };
}

async function exchange(base, name, headers, signal) {
  const reply = await fetch(base + name, { headers, signal, cache: "no-store", redirect: "error" });
  if (reply.status === 304) {
    return { unchanged: true };
  }
  if (reply.status === 404) {
    throw new MissingError(`${name}: the server has no such file`);
  }
  if (!reply.ok) {
    throw new WorldError(`${name}: the server answers ${reply.status}`);
  }
  return {
    bytes: new Uint8Array(await reply.arrayBuffer()), validators: validatorsOf(reply.headers),
  };
}

/** One file: {bytes, validators}, or {unchanged}. */
async function request(base, name, headers = {}) {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), PATIENCE);
  try {
    return await exchange(base, name, headers, controller.signal);
  } catch (error) {
    if (error instanceof WorldError) {
      throw error;
    }
    const reason = controller.signal.aborted ? `no answer within ${PATIENCE / SECOND} s` :
      "the server can't be reached";
    throw new WorldError(`${name}: ${reason}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

export class Source {
  #base;
  #held = new Map(); // by name: the digest and the parsed document
  #validators = {}; // of the summary that #world is of
  #world = null;

  /** @param base the folder of the documents, with a slash at its end */
  constructor(base) {
    this.#base = base;
  }

  /** The world that is there now: the same object where nothing is new. Throws where it can't be had. */
  async load() {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#read();
      } catch (error) {
        if (!(error instanceof TornError) || attempt === ATTEMPTS) {
          throw error;
        }
      }
      await pause(PAUSE);
    }
  }

  async #read() {
    const reply = await request(this.#base, SUMMARY, this.#validators);
    if (reply.unchanged) {
      return this.#world;
    }
    const summary = parse(SUMMARY, reply.bytes);
    const files = new Map(Object.entries(summary?.files ?? {}));
    const held = new Map(await Promise.all([
      ...DOCUMENTS.map((name) => this.#document(name, files.get(name))),
      this.#history(files.get(HISTORY)),
    ]));
    const documents = new Map([...held].map(([name, { document }]) => [name, document]));
    this.#world = readWorld(documents.set(SUMMARY, summary));
    this.#held = held;
    this.#validators = reply.validators;
    return this.#world;
  }

  async #document(name, wanted) {
    const held = this.#held.get(name);
    if (held && held.digest === wanted?.sha256) {
      return [name, held];
    }
    const { bytes } = await request(this.#base, name);
    if (bytes.length !== wanted?.bytes || sha256(bytes) !== wanted.sha256) {
      throw new TornError(`${name} doesn't belong to the summary`);
    }
    return [name, { digest: wanted.sha256, document: parse(name, bytes) }];
  }

  /** What changed is told by newer observers only; some don't say its digest. */
  async #history(wanted) {
    if (wanted) {
      return this.#document(HISTORY, wanted);
    }
    try {
      const { bytes } = await request(this.#base, HISTORY);
      return [HISTORY, { document: parse(HISTORY, bytes) }];
    } catch (error) {
      if (error instanceof MissingError) {
        return [HISTORY, { document: null }];
      }
      throw error;
    }
  }
}
