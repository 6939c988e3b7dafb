/** 96 bits of chance. Not `randomUUID`, which pages without TLS do not have. */
export const randomId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(36).padStart(2, '0')).join('')
