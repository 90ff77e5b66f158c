// What the address says is looked at: #incident=ID, #service=NODE/NAME, #deployment=ID.

const KINDS = ["incident", "service", "deployment"];

export const linkTo = (kind, key) => `#${kind}=${encodeURIComponent(key)}`;

/** @returns {kind, key}, or null where the address names nothing of ours */
export function readLink(hash) {
  const [, kind, coded] = /^#([a-z]+)=(.*)$/s.exec(hash) ?? [];
  if (!KINDS.includes(kind)) {
    return null;
  }
  try {
    return { kind, key: decodeURIComponent(coded) };
  } catch {
    return { kind, key: coded };
  }
}
